using '../main.bicep'
