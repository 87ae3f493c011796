using '../main.bicep'

param existingApiCenterId = '/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/catalog-group/providers/Microsoft.ApiCenter/services/company-apis'
param existingKeyVaultId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/secrets-group/providers/Microsoft.KeyVault/vaults/company-vault'
param awsAccessKeySecretName = 'gateway-key'
param awsSecretAccessKeySecretName = 'gateway-secret-key'
