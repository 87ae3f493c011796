metadata description = 'A new API center.'

@description('Its name.')
@minLength(3)
@maxLength(90)
param name string

@description('Its region.')
param location string

@description('Its tags.')
param tags { *: string }

resource apiCenter 'Microsoft.ApiCenter/services@2024-03-01' = {
  name: name
  location: location
  tags: tags
  properties: {}
}
