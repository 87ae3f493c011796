@export()
@description('The location of a resource id.')
type place = {
  @description('Its subscription\'s id.')
  subscription: string

  @description('Its resource group\'s name.')
  resourceGroup: string

  @description('Its own name.')
  name: string
}

@export()
@description('The parts of this resource id. An id of another type than `type` fails the deployment before it starts.')
func placeOf(id string, type string) place =>
  length(split(id, '/')) == 9 && toLower('${split(id, '/')[6]}/${split(id, '/')[7]}') == toLower(type)
    ? {
        subscription: split(id, '/')[2]
        resourceGroup: split(id, '/')[4]
        name: split(id, '/')[8]
      }
    : fail('"${id}" is not the id of a ${type}: /subscriptions/…/resourceGroups/…/providers/${type}/NAME')
