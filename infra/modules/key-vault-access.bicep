metadata description = 'The function app\'s access to the key vault. Deployed to the vault\'s resource group.'

@description('The name of the key vault.')
@minLength(3)
@maxLength(24)
param vaultName string

@description('The names of the readable secrets; empty for all secrets of the vault.')
@maxLength(2)
param secretNames string[]

@description('The object id of the function app\'s identity.')
param principalId string

// Key Vault Secrets User: may read the values of secrets.
var secretsUser = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  '4633458b-17de-408a-b874-0445c86b69e6'
)

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName

  resource secrets 'secrets' existing = [
    for secretName in secretNames: {
      name: secretName
    }
  ]
}

resource readingSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (secretName, index) in secretNames: {
    scope: vault::secrets[index]
    name: guid(vault::secrets[index].id, principalId, secretsUser)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: secretsUser
    }
  }
]

resource readingAll 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (empty(secretNames)) {
  scope: vault
  name: guid(vault.id, principalId, secretsUser)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: secretsUser
  }
}
