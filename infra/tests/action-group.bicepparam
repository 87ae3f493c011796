using '../main.bicep'

param alertActionGroupId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/operations-group/providers/Microsoft.Insights/actionGroups/on-call'
param syncSchedule = '0 30 */2 * * *'
param noSuccessPeriodHours = 6
