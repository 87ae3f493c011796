using 'main.bicep'

// Everything has a default, and the defaults make everything new. Set what is yours here, or in the environment,
// which `azd env set NAME VALUE` does for azd.

// The API center to keep true, and the key vault with the AWS keys: /subscriptions/…/resourceGroups/…/providers/…
param existingApiCenterId = readEnvironmentVariable('API_CENTER_ID', '')
param existingKeyVaultId = readEnvironmentVariable('KEY_VAULT_ID', '')

// `true`: a role in AWS instead of keys.
param keyless = bool(readEnvironmentVariable('KEYLESS', 'false'))
param awsWebIdentityAudience = readEnvironmentVariable('AWS_WEB_IDENTITY_AUDIENCE', '')

// `contributor`: the built-in role, if you may not define roles.
param apiCenterRole = readEnvironmentVariable('API_CENTER_ROLE', 'custom')

// When the timer fires, in UTC: at every full hour.
param syncSchedule = readEnvironmentVariable('SYNC_SCHEDULE', '0 0 * * * *')

// Who is told: the id of an action group.
param alertActionGroupId = readEnvironmentVariable('ALERT_ACTION_GROUP_ID', '')

param tags = empty(readEnvironmentVariable('AZURE_ENV_NAME', ''))
  ? {}
  : {
      'azd-env-name': readEnvironmentVariable('AZURE_ENV_NAME', '')
    }
