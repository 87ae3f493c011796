metadata description = 'The function app and its plan.'

@description('The name of the function app.')
@minLength(2)
@maxLength(60)
param name string

@description('The name of its plan.')
@minLength(1)
@maxLength(60)
param planName string

@description('The region.')
param location string

@description('The tags.')
param tags { *: string }

@description('The id of its user-assigned identity.')
param identityId string

@description('The client id of that identity.')
param identityClientId string

@description('The name of its storage account.')
@minLength(3)
@maxLength(24)
param storageAccountName string

@description('The name of the container for deployed packages.')
@minLength(3)
@maxLength(63)
param packageContainerName string

@description('The name of its Application Insights component.')
@minLength(1)
@maxLength(255)
param componentName string

@description('The memory of an instance, in MB.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int

@description('The maximum number of instances.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('An app setting.')
type setting = {
  @description('Its name.')
  name: string

  @description('Its value.')
  value: string
}

@description('The app settings that the handler and its functions read.')
param settings setting[]

// Settings that the Functions host reads. The runtime is none of them: on Flex Consumption FUNCTIONS_WORKER_RUNTIME,
// FUNCTIONS_EXTENSION_VERSION, WEBSITE_RUN_FROM_PACKAGE and their like do not belong there.
var hostSettings = [
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${identityClientId};Authorization=AAD' }
  // Not a secret: the component does not accept the key in it.
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: component.properties.ConnectionString }
  { name: 'AzureWebJobsStorage__accountName', value: storage.name }
  { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
]

resource storage 'Microsoft.Storage/storageAccounts@2026-06-01' existing = {
  name: storageAccountName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // The service in azure.yaml.
  tags: union(tags, { 'azd-service-name': 'function-app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // The identity that resolves Key Vault references: the default, a system-assigned one, does not exist.
    keyVaultReferenceIdentity: identityId
    clientAffinityEnabled: false
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${packageContainerName}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'custom'
        version: '1.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    // `ftpsState` is not here: Flex Consumption has no FTP and refuses a template that names it.
    siteConfig: {
      appSettings: concat(hostSettings, settings)
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }
}

resource ftpPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scmPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

@description('The URL of the function app.')
output url string = 'https://${app.properties.defaultHostName}'
