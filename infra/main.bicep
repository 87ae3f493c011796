import { defaultPeriod, fittingPeriod } from 'modules/schedule.bicep'
import { placeOf } from 'modules/resource-id.bicep'

metadata description = 'The function app that keeps an API center in sync with Amazon API Gateway, and its prerequisites.'

@description('The region of all resources, except a new API center.')
param location string = resourceGroup().location

@description('The name of the function app, also of its public host name.')
@minLength(2)
@maxLength(60)
param functionAppName string = 'apicenter-aws-sync-${uniqueString(resourceGroup().id)}'

@description('The name of the function app\'s own storage account: lower-case letters and digits, globally unique.')
@minLength(3)
@maxLength(24)
param storageAccountName string = 'st${uniqueString(resourceGroup().id, functionAppName)}'

@description('The id of the API center, which may be in another resource group or subscription; empty to create one.')
param existingApiCenterId string = ''

@description('The name of a new API center, globally unique: letters, digits and hyphens. Default: generated.')
@minLength(3)
@maxLength(90)
param apiCenterName string?

@description('The region of a new API center, which not every region offers. Default: that of everything else.')
@minLength(1)
param apiCenterLocation string?

@description('The function app\'s role on the API center: `custom`, exactly the actions that it calls, or `contributor`, the built-in Azure API Center Service Contributor, if you may not define roles.')
@allowed([
  'custom'
  'contributor'
])
param apiCenterRole string = 'custom'

@description('Whether the app assumes a role in AWS with a token of its identity, without keys: then there is no key vault.')
param keyless bool = false

@description('Keyless: the audience of the identity\'s token, which the trust policy in AWS names, such as `api://…`, the Application ID URI of an app registration.')
@maxLength(255)
param awsWebIdentityAudience string = ''

@description('The id of the key vault with the AWS keys, which may be in another resource group or subscription and must use role-based access; empty to create one, unless keyless.')
param existingKeyVaultId string = ''

@description('What the app may read in an existing key vault: `secrets`, the two below, which must exist already, or `vault`, all its secrets.')
@allowed([
  'secrets'
  'vault'
])
param existingKeyVaultScope string = 'secrets'

@description('The name of a new key vault, globally unique: letters, digits and hyphens, a letter first. Default: generated.')
@minLength(3)
@maxLength(24)
param keyVaultName string?

@description('The name of the secret with the AWS access key id.')
@minLength(1)
@maxLength(127)
param awsAccessKeySecretName string = 'aws-access-key'

@description('The name of the secret with the AWS secret access key.')
@minLength(1)
@maxLength(127)
param awsSecretAccessKeySecretName string = 'aws-secret-access-key'

@description('The timer\'s schedule, in UTC: {second} {minute} {hour} {day} {month} {day of the week}.')
@minLength(11)
param syncSchedule string = '0 0 * * * *'

@description('How long a timer run may start work, in seconds; less than the 1800 in host.json. Default: the handler\'s.')
@minValue(1)
@maxValue(1700)
param syncTimeBudgetSeconds int?

@description('How long an HTTP call may start work, in seconds; with the 27 that it may take to finish, less than the 230 after which Azure cuts it. Default: the handler\'s.')
@minValue(1)
@maxValue(200)
param httpTimeBudgetSeconds int?

@description('Requests per second to AWS, per account and region. Default: the handler\'s.')
@minValue(1)
@maxValue(10)
param awsRequestsPerSecond int?

@description('Reads per second from Azure Resource Manager. Default: the handler\'s.')
@minValue(1)
@maxValue(1000)
param armReadsPerSecond int?

@description('Writes per second to Azure Resource Manager. Default: the handler\'s.')
@minValue(1)
@maxValue(1000)
param armWritesPerSecond int?

@description('Deletions per second in Azure Resource Manager. Default: the handler\'s.')
@minValue(1)
@maxValue(1000)
param armDeletesPerSecond int?

@description('The endpoint of all AWS services, such as a proxy\'s. Default: that of AWS.')
@minLength(8)
param awsEndpointUrl string?

@description('The endpoint of Amazon API Gateway for REST APIs and the list of custom domains. Default: that of AWS.')
@minLength(8)
param awsEndpointUrlApiGateway string?

@description('The endpoint of Amazon API Gateway for HTTP and WebSocket APIs and for mappings of custom domains. Default: that of AWS.')
@minLength(8)
param awsEndpointUrlApiGatewayV2 string?

@description('The endpoint of AWS Security Token Service. Default: that of AWS.')
@minLength(8)
param awsEndpointUrlSts string?

@description('The endpoint of AWS Organizations. Default: that of AWS.')
@minLength(8)
param awsEndpointUrlOrganizations string?

@description('Log levels of the handler, such as `debug`. Default: the handler\'s.')
@minLength(1)
param logLevels string?

@description('The OpenTelemetry endpoint for the handler\'s traces and metrics. Default: none.')
@minLength(8)
param otlpEndpoint string?

@description('Further settings of OpenTelemetry, such as `OTEL_SERVICE_NAME`. Give a secret as a reference to Key Vault, where the identity may read it.')
param telemetrySettings { *: string } = {}

@description('The proxy for calls to both clouds, and its exceptions. Give a URL with a password as a reference to Key Vault.')
param proxySettings {
  ALL_PROXY: string?
  HTTP_PROXY: string?
  HTTPS_PROXY: string?
  NO_PROXY: string?
} = {}

@description('The memory of an instance, in MB. 512 is enough; not every region has all three.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 512

@description('The maximum number of instances. The work needs one: the request budgets are per process. 40 is the lowest value that every region accepts.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('How long logs are kept, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Whether to create alert rules.')
param alerts bool = true

@description('The id of the action group for alerts; empty for none: then only the portal shows them.')
param alertActionGroupId string = ''

@description('The hours without a successful run after which an alert fires; 0 for never. They must be long enough for one run of the schedule; the default is for two. A schedule that skips days allows only 0.')
@allowed([
  0
  2
  3
  4
  5
  6
  24
  48
])
param noSuccessPeriodHours int = defaultPeriod(syncSchedule)

@description('Tags of all resources.')
param tags { *: string } = {}

// One word for all generated names: two apps in a resource group, or two groups, never share one.
var suffix = uniqueString(resourceGroup().id, functionAppName)
var packageContainerName = 'packages'
var workspaceName = 'log-${suffix}'
var componentName = 'appi-${suffix}'

var newApiCenterName = apiCenterName ?? 'apic-${suffix}'
var newKeyVaultName = keyVaultName ?? 'kv-${suffix}'

var here = {
  subscription: subscription().subscriptionId
  resourceGroup: resourceGroup().name
}
var apiCenterPlace = empty(existingApiCenterId)
  ? { ...here, name: newApiCenterName }
  : placeOf(existingApiCenterId, 'Microsoft.ApiCenter/services')
var hasKeyVault = keyless
  ? empty(awsWebIdentityAudience)
      ? fail('keyless needs awsWebIdentityAudience: without it there is no token for AWS')
      : false
  : true
var keyVaultPlace = empty(existingKeyVaultId)
  ? { ...here, name: newKeyVaultName }
  : keyless
      ? fail('keyless and existingKeyVaultId exclude each other: without keys there is no key vault')
      : placeOf(existingKeyVaultId, 'Microsoft.KeyVault/vaults')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-${suffix}'
  location: location
  tags: tags
}

module storage 'modules/storage.bicep' = {
  params: {
    name: storageAccountName
    location: location
    tags: tags
    #disable-next-line what-if-short-circuiting // what-if cannot name the role assignments in it
    principalId: identity.properties.principalId
    packageContainerName: packageContainerName
  }
}

module monitoring 'modules/monitoring.bicep' = {
  params: {
    workspaceName: workspaceName
    componentName: componentName
    location: location
    tags: tags
    #disable-next-line what-if-short-circuiting // what-if cannot name the role assignments in it
    principalId: identity.properties.principalId
    retentionDays: logRetentionDays
  }
}

var apiCenterId = resourceId(
  apiCenterPlace.subscription,
  apiCenterPlace.resourceGroup,
  'Microsoft.ApiCenter/services',
  apiCenterPlace.name
)

module newApiCenter 'modules/api-center.bicep' = if (empty(existingApiCenterId)) {
  params: {
    name: newApiCenterName
    location: apiCenterLocation ?? location
    tags: tags
  }
}

module apiCenterAccess 'modules/api-center-access.bicep' = {
  scope: resourceGroup(apiCenterPlace.subscription, apiCenterPlace.resourceGroup)
  params: {
    apiCenterName: apiCenterPlace.name
    functionAppName: functionAppName
    identityId: identity.id
    #disable-next-line what-if-short-circuiting // what-if cannot name the role assignments in it
    principalId: identity.properties.principalId
    role: apiCenterRole
  }
  dependsOn: [
    newApiCenter
  ]
}

module newKeyVault 'modules/key-vault.bicep' = if (hasKeyVault && empty(existingKeyVaultId)) {
  params: {
    name: newKeyVaultName
    location: location
    tags: tags
  }
}

// A role on a secret needs the secret, so in a new, empty vault the app may read all secrets.
module keyVaultAccess 'modules/key-vault-access.bicep' = if (hasKeyVault) {
  scope: resourceGroup(keyVaultPlace.subscription, keyVaultPlace.resourceGroup)
  params: {
    vaultName: keyVaultPlace.name
    secretNames: empty(existingKeyVaultId) || existingKeyVaultScope == 'vault'
      ? []
      : [awsAccessKeySecretName, awsSecretAccessKeySecretName]
    #disable-next-line what-if-short-circuiting // what-if cannot name the role assignments in it
    principalId: identity.properties.principalId
  }
  dependsOn: [
    newKeyVault
  ]
}

// Settings with a default in the handler are set only if given.
var givenSettings = filter(
  [
    { name: 'ALL_PROXY', value: proxySettings.?ALL_PROXY ?? '' }
    { name: 'ARM_DELETES_PER_SECOND', value: string(armDeletesPerSecond ?? '') }
    { name: 'ARM_READS_PER_SECOND', value: string(armReadsPerSecond ?? '') }
    { name: 'ARM_WRITES_PER_SECOND', value: string(armWritesPerSecond ?? '') }
    { name: 'AWS_ENDPOINT_URL', value: awsEndpointUrl ?? '' }
    { name: 'AWS_ENDPOINT_URL_API_GATEWAY', value: awsEndpointUrlApiGateway ?? '' }
    { name: 'AWS_ENDPOINT_URL_APIGATEWAYV2', value: awsEndpointUrlApiGatewayV2 ?? '' }
    { name: 'AWS_ENDPOINT_URL_ORGANIZATIONS', value: awsEndpointUrlOrganizations ?? '' }
    { name: 'AWS_ENDPOINT_URL_STS', value: awsEndpointUrlSts ?? '' }
    { name: 'AWS_REQUESTS_PER_SECOND', value: string(awsRequestsPerSecond ?? '') }
    { name: 'AWS_WEB_IDENTITY_AUDIENCE', value: awsWebIdentityAudience }
    { name: 'HTTP_TIME_BUDGET_SECONDS', value: string(httpTimeBudgetSeconds ?? '') }
    { name: 'HTTP_PROXY', value: proxySettings.?HTTP_PROXY ?? '' }
    { name: 'HTTPS_PROXY', value: proxySettings.?HTTPS_PROXY ?? '' }
    { name: 'NO_PROXY', value: proxySettings.?NO_PROXY ?? '' }
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: otlpEndpoint ?? '' }
    { name: 'RUST_LOG', value: logLevels ?? '' }
    { name: 'SYNC_TIME_BUDGET_SECONDS', value: string(syncTimeBudgetSeconds ?? '') }
  ],
  setting => !empty(setting.value)
)
var furtherSettings = map(
  items(telemetrySettings),
  setting =>
    startsWith(setting.key, 'OTEL_')
      ? { name: setting.key, value: setting.value }
      : fail('telemetrySettings has "${setting.key}", which is no setting of OpenTelemetry')
)
var keyVaultHost = '${keyVaultPlace.name}${environment().suffixes.keyvaultDns}'
var settings = concat(
  [
    { name: 'APICENTER_RESOURCE_ID', value: apiCenterId }
    { name: 'AZURE_CLIENT_ID', value: identity.properties.clientId }
    { name: 'AZURE_RESOURCE_MANAGER_URL', value: environment().resourceManager }
    { name: 'SYNC_SCHEDULE', value: syncSchedule }
  ],
  // Keyless: no vault and no role on one.
  hasKeyVault ? [{ name: 'KEY_VAULT_HOSTS', value: keyVaultHost }] : [],
  givenSettings,
  furtherSettings
)

module functionApp 'modules/function-app.bicep' = {
  params: {
    name: functionAppName
    planName: 'plan-${suffix}'
    location: location
    tags: tags
    identityId: identity.id
    identityClientId: identity.properties.clientId
    storageAccountName: storageAccountName
    packageContainerName: packageContainerName
    componentName: componentName
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    settings: settings
  }
  // Including their roles: the host starts with the app, and needs its storage.
  dependsOn: [
    monitoring
    storage
  ]
}

module alertRules 'modules/alerts.bicep' = if (alerts) {
  params: {
    functionAppName: functionAppName
    location: location
    tags: tags
    workspaceName: workspaceName
    actionGroupId: alertActionGroupId
    noSuccessPeriodHours: fittingPeriod(syncSchedule, noSuccessPeriodHours)
  }
  dependsOn: [
    monitoring
  ]
}

@description('The name of the function app.')
output functionAppName string = functionAppName

@description('The base URL of its HTTP calls.')
output functionAppUrl string = functionApp.outputs.url

@description('The id of its identity.')
output identityId string = identity.id

@description('The object id of its identity: the subject in the trust policy in AWS, and the principal for further roles.')
output identityPrincipalId string = identity.properties.principalId

@description('The client id of its identity.')
output identityClientId string = identity.properties.clientId

@description('The tenant of its identity: part of the issuer in the trust policy in AWS.')
output tenantId string = tenant().tenantId

@description('The id of the API center.')
output apiCenterId string = apiCenterId

@description('The name of the API center.')
output apiCenterName string = apiCenterPlace.name

@description('The name of the key vault; empty when keyless.')
output keyVaultName string = hasKeyVault ? keyVaultPlace.name : ''

@description('The `accessKey` of a new integration; empty when keyless. It identifies the secret and does not contain it.')
output accessKeyIdentifier string = hasKeyVault ? 'https://${keyVaultHost}/secrets/${awsAccessKeySecretName}' : ''

@description('The `secretAccessKey` of a new integration; empty when keyless. It identifies the secret and does not contain it.')
output secretAccessKeyIdentifier string = hasKeyVault
  ? 'https://${keyVaultHost}/secrets/${awsSecretAccessKeySecretName}'
  : ''

@description('The name of the storage account.')
output storageAccountName string = storageAccountName

@description('The name of the Application Insights component.')
output applicationInsightsName string = componentName

@description('The name of the Log Analytics workspace.')
output logAnalyticsWorkspaceName string = workspaceName
