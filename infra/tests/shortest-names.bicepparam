using '../main.bicep'

param functionAppName = 'fn'
param storageAccountName = 'sto'
param keyVaultName = 'vlt'
param apiCenterName = 'api'
param awsAccessKeySecretName = 'x'
param awsSecretAccessKeySecretName = 'y'
