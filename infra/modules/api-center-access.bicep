metadata description = 'The function app\'s access to the API center. Deployed to the API center\'s resource group.'

@description('The name of the API center.')
@minLength(3)
@maxLength(90)
param apiCenterName string

@description('The name of the function app, which is part of the custom role\'s name.')
@minLength(2)
@maxLength(60)
param functionAppName string

@description('The id of the function app\'s identity, which makes the custom role its own.')
param identityId string

@description('The object id of the function app\'s identity.')
param principalId string

@description('Whether the role is custom, with exactly the actions that the handler calls, or the built-in one.')
@allowed([
  'custom'
  'contributor'
])
param role string

resource apiCenter 'Microsoft.ApiCenter/services@2024-03-01' existing = {
  name: apiCenterName
}

// A custom role needs a resource group as its scope. It is defined in that of the API center and nowhere
// else, so whoever deploys needs rights there only, and nobody can assign it elsewhere. It belongs to one function app:
// its name contains the API center and the identity, so that deploying, upgrading or removing one app never changes
// what another one may do. Its display name must be unique in the tenant; both names in it are globally unique.
var customRoleName = guid(apiCenter.id, identityId)
// Azure API Center Service Contributor
var contributor = 'dd24193f-ef65-44e5-8a7e-6fa6e03f7713'
var roleDefinitionId = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  role == 'custom' ? customRoleName : contributor
)

resource customRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (role == 'custom') {
  name: customRoleName
  properties: {
    roleName: 'API Center inventory writer (${functionAppName} on ${apiCenterName})'
    description: 'Exactly the actions that the function app ${functionAppName} calls on the API center ${apiCenterName}.'
    type: 'CustomRole'
    permissions: [
      {
        actions: loadJsonContent('../api-center-actions.json')
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: [
      resourceGroup().id
    ]
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: apiCenter
  name: guid(apiCenter.id, principalId, roleDefinitionId)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: roleDefinitionId
  }
  dependsOn: [
    customRole
  ]
}
