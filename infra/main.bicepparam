using 'main.bicep'

// Everything has a default, and the defaults make everything new. Set what is yours here, or in the environment,
// which `azd env set NAME VALUE` does for azd.

// The API center to keep true, and the key vault with the AWS keys: /subscriptions/…/resourceGroups/…/providers/…
param existingApiCenterId = readEnvironmentVariable('API_CENTER_ID', '')
param existingKeyVaultId = readEnvironmentVariable('KEY_VAULT_ID', '')

// The names of those that are made, when their own are taken, and where the API center is made.
param apiCenterName = empty(readEnvironmentVariable('API_CENTER_NAME', ''))
  ? null
  : readEnvironmentVariable('API_CENTER_NAME', '')
param apiCenterLocation = empty(readEnvironmentVariable('API_CENTER_LOCATION', ''))
  ? null
  : readEnvironmentVariable('API_CENTER_LOCATION', '')
param keyVaultName = empty(readEnvironmentVariable('KEY_VAULT_NAME', ''))
  ? null
  : readEnvironmentVariable('KEY_VAULT_NAME', '')

// `true`: a role in AWS instead of keys.
param keyless = bool(readEnvironmentVariable('KEYLESS', 'false'))
param awsWebIdentityAudience = readEnvironmentVariable('AWS_WEB_IDENTITY_AUDIENCE', '')

// `contributor`: the built-in role, if you may not define roles.
param apiCenterRole = readEnvironmentVariable('API_CENTER_ROLE', 'custom')

// When the timer fires, in UTC: at every full hour.
param syncSchedule = readEnvironmentVariable('SYNC_SCHEDULE', '0 0 * * * *')

// The instances: how many there may be, and their memory. `any`: the compiler cannot see that it is 512, 2048 or 4096.
param instanceMemoryMB = any(int(readEnvironmentVariable('INSTANCE_MEMORY_MB', '512')))
param maximumInstanceCount = int(readEnvironmentVariable('MAXIMUM_INSTANCE_COUNT', '40'))

// Who is told: the id of an action group.
param alertActionGroupId = readEnvironmentVariable('ALERT_ACTION_GROUP_ID', '')

param tags = empty(readEnvironmentVariable('AZURE_ENV_NAME', ''))
  ? {}
  : {
      'azd-env-name': readEnvironmentVariable('AZURE_ENV_NAME', '')
    }
