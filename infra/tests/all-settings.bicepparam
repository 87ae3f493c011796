using '../main.bicep'

param location = 'northeurope'
param apiCenterLocation = 'westeurope'
param awsWebIdentityAudience = 'api://audience'
param syncSchedule = '0 0 4 * * 1-5'
param syncTimeBudgetSeconds = 1200
param httpTimeBudgetSeconds = 150
param awsRequestsPerSecond = 3
param armReadsPerSecond = 20
param armWritesPerSecond = 8
param armDeletesPerSecond = 7
param awsEndpointUrl = 'https://aws.example.com'
param awsEndpointUrlApiGateway = 'https://gateway.example.com'
param awsEndpointUrlApiGatewayV2 = 'https://gateway-v2.example.com'
param awsEndpointUrlSts = 'https://sts.example.com'
param awsEndpointUrlOrganizations = 'https://organizations.example.com'
param logLevels = 'debug'
param otlpEndpoint = 'https://collector.example.com:4318'
param telemetrySettings = {
  OTEL_EXPORTER_OTLP_HEADERS: '@Microsoft.KeyVault(SecretUri=https://telemetry.vault.azure.net/secrets/collector)'
  OTEL_SERVICE_NAME: 'inventory'
}
param proxySettings = {
  ALL_PROXY: 'http://all.example.com:8080'
  HTTP_PROXY: 'http://plain.example.com:8080'
  HTTPS_PROXY: 'http://proxy.example.com:8080'
  NO_PROXY: '.vault.azure.net'
}
param instanceMemoryMB = 4096
param maximumInstanceCount = 1000
param logRetentionDays = 90
param tags = {
  owner: 'platform'
}
