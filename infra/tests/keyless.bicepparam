using '../main.bicep'

param keyless = true
param awsWebIdentityAudience = 'api://apicenter-aws-sync'
