//! From sources to gateways: reads secrets, prepares roles, determines accounts.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::OnceCell;

use super::gateways::{CutList, Gateways, Reach, Unread};
use super::session::Session;
use crate::aws::{AccessKey, AssumedRole, AwsCredentials, GatewayClient, OrganizationClient, Proof, account_of};
use crate::error_chain::error_chain;
use crate::model::{
    AccessKeySecrets, Account, AccountId, Accounts, AwsAuthentication, ErrorCode, ExternalId, Gateway, GatewayState,
    Integration, IntegrationName, MemberRole, Organization, Problem, Region, RoleArn, Source, token_service_region,
};

/// The share of the time for listing the accounts of an organisation.
const LISTING_SHARE: u32 = 4;

/// The credentials of a source's gateways.
struct Means {
    credentials: AwsCredentials,
    /// The account of the credentials, if known.
    account: Option<AccountId>,
    /// The pacer of requests signed with them.
    pace: String,
}

/// An account to read.
struct Wanted {
    id: AccountId,
    /// Its name in the organisation.
    name: Option<String>,
    /// Why it is not read, if so.
    unread: Option<Unread>,
}

impl Wanted {
    fn of(id: AccountId) -> Self {
        Self {
            id,
            name: None,
            unread: None,
        }
    }
}

/// The findings about one source.
#[derive(Default)]
struct Found {
    reaches: Vec<Reach>,
    cut: Option<CutList>,
}

impl Session {
    /// The gateways that an integration reads, with a client of each if possible. Asks AWS for the account of a key
    /// that is new to this process, and for the accounts of organisations.
    ///
    /// `known` are the accounts with APIs in the catalog: they are read if a list of accounts is incomplete.
    pub async fn gateways(&self, integration: &Integration, known: &BTreeSet<AccountId>) -> Gateways {
        let sources = integration.sources.iter().enumerate();
        let found = sources.map(|(index, source)| self.gateways_of(integration, (index, source), known));
        let mut gateways = Gateways::default();
        for found in join_all(found).await {
            found.reaches.into_iter().for_each(|reach| gateways.add(reach));
            gateways.cut.extend(found.cut);
        }
        gateways
    }

    async fn gateways_of(
        &self,
        integration: &Integration,
        (index, source): (usize, &Source),
        known: &BTreeSet<AccountId>,
    ) -> Found {
        let means = match self.means(&integration.name, source).await {
            Ok(means) => means,
            Err(problem) => return unreadable(index, source, &Unread::without_credentials(problem)),
        };
        match &source.accounts {
            Accounts::Own => self.own_gateways(index, source, means).await,
            Accounts::Listed(accounts, role) => {
                let accounts = accounts.iter().cloned().map(Wanted::of).collect();
                let reaches = self
                    .member_gateways(integration, (index, source), &means, accounts, role)
                    .await;
                Found { reaches, cut: None }
            }
            Accounts::Organization(organization, role) => {
                let (listed, cut) = match Box::pin(self.organization(integration, source, &means, organization)).await {
                    Ok(listed) => (listed, None),
                    Err(why) => {
                        let known = known.difference(&organization.except_accounts);
                        (
                            known.cloned().map(Wanted::of).collect(),
                            Some(CutList { source: index, why }),
                        )
                    }
                };
                let reaches = self
                    .member_gateways(integration, (index, source), &means, listed, role)
                    .await;
                Found { reaches, cut }
            }
        }
    }

    /// The gateways of the account that the credentials belong to.
    async fn own_gateways(&self, index: usize, source: &Source, means: Means) -> Found {
        if let (Some(recorded), Some(found)) = (&source.account, &means.account)
            && recorded != found
        {
            let message = format!(
                "the credentials belong to account {found}, but belonged to account {recorded} when the integration \
                 was put, so nothing of either changes. Use credentials of {recorded} again, or add a source for \
                 {found}"
            );
            let unread = Unread {
                state: GatewayState::OtherAccount,
                problem: Problem::new(ErrorCode::AwsAuthenticationFailed, message),
            };
            return unreadable(index, source, &unread);
        }
        let account = means.account.clone().or_else(|| source.account.clone());
        if means.account.is_none() && source.name.is_some() {
            // The gateways are unknown, so nothing counts as gone from them.
            let message = "AWS does not say which account the credentials belong to (GetCallerIdentity)";
            let unread = Unread {
                state: GatewayState::Unavailable,
                problem: Problem::new(ErrorCode::ServiceUnavailable, message),
            };
            return unreadable(index, source, &unread);
        }
        let reach = source.regions.iter().map(async |region| {
            let connection = self.connection(&means.pace, region).await;
            Reach {
                source: index,
                gateway: gateway(account.clone(), region),
                account_name: None,
                client: Ok(Arc::new(GatewayClient::connect(connection, means.credentials.clone()))),
            }
        });
        Found {
            reaches: join_all(reach).await,
            cut: None,
        }
    }

    /// The gateways of accounts with a role in each, shared by all its regions.
    async fn member_gateways(
        &self,
        integration: &Integration,
        (index, source): (usize, &Source),
        means: &Means,
        accounts: Vec<Wanted>,
        role: &MemberRole,
    ) -> Vec<Reach> {
        let mut reaches = Vec::new();
        let token_region = token_service_region(&source.regions);
        for Wanted {
            id: account,
            name,
            unread,
        } in accounts
        {
            if let Some(unread) = unread {
                let gateways = source
                    .regions
                    .iter()
                    .map(|region| gateway(Some(account.clone()), region));
                reaches.extend(gateways.map(|gateway| Reach {
                    source: index,
                    gateway,
                    account_name: name.clone(),
                    client: Err(unread.clone()),
                }));
                continue;
            }
            let arn = RoleArn::in_account(&token_region, &account, &role.name);
            let credentials = self
                .session_of(&integration.name, &token_region, means, arn, role.external_id.clone())
                .await;
            for region in &source.regions {
                let connection = self.connection(account.as_str(), region).await;
                reaches.push(Reach {
                    source: index,
                    gateway: gateway(Some(account.clone()), region),
                    account_name: name.clone(),
                    client: Ok(Arc::new(GatewayClient::connect(connection, credentials.clone()))),
                });
            }
        }
        reaches
    }

    /// The session of a role that a source's credentials may assume.
    async fn session_of(
        &self,
        integration: &IntegrationName,
        region: &Region,
        means: &Means,
        arn: RoleArn,
        external_id: Option<ExternalId>,
    ) -> AwsCredentials {
        let proof = match &means.credentials {
            AwsCredentials::AccessKey(key) => Proof::AccessKey {
                key: key.clone(),
                external_id,
            },
            AwsCredentials::Role(hub) => Proof::Role {
                hub: hub.clone(),
                external_id,
            },
        };
        let connection = self.connection(arn.account(), region).await;
        AwsCredentials::Role(AssumedRole::new(&connection, arn, integration, proof))
    }

    /// The selected accounts of an organisation; inactive ones have the reason why they are not read.
    ///
    /// # Errors
    /// If a list is incomplete.
    async fn organization(
        &self,
        integration: &Integration,
        source: &Source,
        means: &Means,
        organization: &Organization,
    ) -> Result<Vec<Wanted>, Unread> {
        let region = token_service_region(&source.regions);
        let credentials = match &organization.role {
            None => means.credentials.clone(),
            Some(arn) => {
                let external_id = source.member_role().and_then(|role| role.external_id.clone());
                self.session_of(&integration.name, &region, means, arn.clone(), external_id)
                    .await
            }
        };
        // If the list is throttled for good, the gateways get the rest of the time.
        let budget = self.budget.renewed(self.budget.remaining() / LISTING_SHARE);
        let connection = self.connection_within(&means.pace, &region, budget).await;
        let client = OrganizationClient::connect(connection, credentials);
        let read = async {
            let accounts = client.accounts().await?;
            let except = if organization.except_units.is_empty() {
                BTreeSet::new()
            } else {
                client.accounts_below(&organization.except_units).await?
            };
            Ok((accounts, except))
        };
        let (accounts, below) = read.await.map_err(|error: crate::aws::OrganizationError| Unread {
            state: GatewayState::Unavailable,
            problem: error.problem(),
        })?;
        let mut wanted: Vec<Account> = accounts;
        wanted.retain(|account| !organization.except_accounts.contains(&account.id) && !below.contains(&account.id));
        wanted.sort_by(|one, other| one.id.cmp(&other.id));
        let wanted = wanted.into_iter().map(|account| Wanted {
            unread: (!account.is_active).then(|| inactive(&account)),
            id: account.id,
            name: Some(account.name).filter(|name| !name.is_empty()),
        });
        Ok(wanted.collect())
    }

    async fn means(&self, integration: &IntegrationName, source: &Source) -> Result<Means, Problem> {
        let region = token_service_region(&source.regions);
        let (role, proof) = match &source.authentication {
            AwsAuthentication::AccessKey(secrets) => {
                let key = self.access_key(secrets).await?;
                let account = self.account(&key, &region).await;
                let pace = account.as_ref().or(source.account.as_ref());
                return Ok(Means {
                    pace: pace.map_or_else(|| key.digest(), ToString::to_string),
                    account,
                    credentials: AwsCredentials::AccessKey(key),
                });
            }
            AwsAuthentication::RoleByAccessKey {
                secrets,
                role,
                external_id,
            } => {
                let (key, external_id) = (self.access_key(secrets).await?, external_id.clone());
                (role, Proof::AccessKey { key, external_id })
            }
            AwsAuthentication::RoleByWebIdentity { role } => (role, Proof::WebIdentity(self.clouds.web_identity()?)),
        };
        let connection = self.connection(role.account(), &region).await;
        Ok(Means {
            account: AccountId::parse(role.account()),
            pace: role.account().to_owned(),
            credentials: AwsCredentials::Role(AssumedRole::new(&connection, role.clone(), integration, proof)),
        })
    }

    /// The account of a key, if AWS says.
    async fn account(&self, key: &AccessKey, region: &Region) -> Option<AccountId> {
        let digest = key.digest();
        let known = self.clouds.accounts.get_or_make(digest.clone(), OnceCell::new);
        let ask = async {
            let connection = self.connection(&digest, region).await;
            let account = account_of(&connection, &AwsCredentials::AccessKey(key.clone())).await;
            account.map_err(|error| error_chain(&error)).and_then(|account| {
                AccountId::parse(&account).ok_or_else(|| format!("{account:?} is not the number of an account"))
            })
        };
        // Boxed: rare, and the SDK's futures are large.
        match Box::pin(known.get_or_try_init(|| ask)).await {
            Ok(account) => Some(account.clone()),
            Err(error) => {
                tracing::debug!(
                    error,
                    "the account of an access key is unknown: the key gets its own pace"
                );
                None
            }
        }
    }

    async fn access_key(&self, secrets: &AccessKeySecrets) -> Result<AccessKey, Problem> {
        let read = |identifier| self.clouds.vault.read(identifier, &self.budget);
        let (id, secret) = tokio::try_join!(read(&secrets.access_key), read(&secrets.secret_access_key))
            .map_err(|error| error.problem())?;
        Ok(AccessKey::new(id, secret))
    }
}

fn gateway(account: Option<AccountId>, region: &Region) -> Gateway {
    Gateway {
        account,
        region: region.clone(),
    }
}

/// A source without readable gateways. Those of an organisation are not even known.
fn unreadable(index: usize, source: &Source, unread: &Unread) -> Found {
    let accounts: Vec<Option<AccountId>> = match &source.accounts {
        Accounts::Own => {
            let of_role = source
                .authentication
                .role()
                .and_then(|role| AccountId::parse(role.account()));
            vec![source.account.clone().or(of_role)]
        }
        Accounts::Listed(accounts, _) => accounts.iter().cloned().map(Some).collect(),
        Accounts::Organization(..) => Vec::new(),
    };
    let gateways = accounts.into_iter().flat_map(|account| {
        source
            .regions
            .iter()
            .map(move |region| gateway(account.clone(), region))
    });
    Found {
        reaches: gateways
            .map(|gateway| Reach {
                source: index,
                gateway,
                account_name: None,
                client: Err(unread.clone()),
            })
            .collect(),
        cut: matches!(source.accounts, Accounts::Organization(..)).then(|| CutList {
            source: index,
            why: unread.clone(),
        }),
    }
}

fn inactive(account: &Account) -> Unread {
    let state = match account.state.as_str() {
        "" => "the organisation does not report its state",
        state => state,
    };
    let message = format!(
        "the account {} ({}) is not active in its organisation: {state}",
        account.id, account.name
    );
    Unread {
        state: GatewayState::Inactive,
        problem: Problem::new(ErrorCode::AwsAccessDenied, message),
    }
}
