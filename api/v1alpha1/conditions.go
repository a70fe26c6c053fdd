package v1alpha1

// Condition types. All are positive: True is good. Reconciling and Stalled follow kstatus and are present only while True.
const (
	// ConditionReady is on every kind: the object is in effect as declared. On a Tenant it requires Isolated=True.
	ConditionReady = "Ready"
	// ConditionReconciling is present while work is under way or will be tried again by itself.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present while nothing will happen until somebody changes something.
	ConditionStalled = "Stalled"

	// ConditionIsolated (Tenant, Corpus) is the worst of the layers: True, False, or Unknown when one could not be read.
	ConditionIsolated = "Isolated"
	// ConditionVectorIsolated (Tenant) covers the collections and token grants in Qdrant.
	ConditionVectorIsolated = "VectorIsolated"
	// ConditionRowsIsolated (Tenant) covers roles, registration and row-level security in PostgreSQL.
	ConditionRowsIsolated = "RowsIsolated"
	// ConditionCacheIsolated (Tenant) covers the ACL user on every Redis node.
	ConditionCacheIsolated = "CacheIsolated"
	// ConditionCredentialsIssued (Tenant): the Secrets exist and hold what the servers accept.
	ConditionCredentialsIssued = "CredentialsIssued"

	// ConditionEnforcing (Tenant, DataPlane): what differs is put right. False while it is only shown: in mode Plan, and where
	// drift is only reported.
	ConditionEnforcing = "Enforcing"

	// ConditionCollectionReady (Corpus): the collection that holds the corpus exists as declared.
	ConditionCollectionReady = "CollectionReady"

	// ConditionEnforced (AIBudget): limits and prices stand in the ledger as declared.
	ConditionEnforced = "Enforced"
	// ConditionWithinBudget (AIBudget): no limit of the current period is used up.
	ConditionWithinBudget = "WithinBudget"

	// ConditionClaimed (DataPlane): every server carries the marker of this installation.
	ConditionClaimed = "Claimed"
	// ConditionQdrantReachable (DataPlane): Qdrant answers and accepts the operator's key.
	ConditionQdrantReachable = "QdrantReachable"
	// ConditionPostgresReachable (DataPlane): PostgreSQL answers and the operator's role has the rights it needs.
	ConditionPostgresReachable = "PostgresReachable"
	// ConditionRedisReachable (DataPlane): every Redis node answers and the operator's user may manage ACLs.
	ConditionRedisReachable = "RedisReachable"
	// ConditionAuditCurrent (DataPlane): every server was read within the last three audit intervals.
	ConditionAuditCurrent = "AuditCurrent"
)

// Reason is why a condition has its status. The same words appear in events and metric labels.
type Reason = string

// Reasons for Ready, Reconciling and Stalled on any kind.
const (
	// ReasonReady: Ready=True.
	ReasonReady Reason = "Ready"
	// ReasonSuspended: Ready=True. The Tenant is suspended and every way in is verified closed.
	ReasonSuspended Reason = "Suspended"
	// ReasonPlanned: Ready=False. mode is Plan; the message lists what would be done.
	ReasonPlanned Reason = "Planned"
	// ReasonProgressing: Reconciling=True, Ready=False. Work is under way.
	ReasonProgressing Reason = "Progressing"
	// ReasonDeleting: Reconciling=True, Ready=False. The object is on its way out.
	ReasonDeleting Reason = "Deleting"
	// ReasonRetrying: Reconciling=True, Ready=False. Something failed that may pass; it is tried again.
	ReasonRetrying Reason = "Retrying"
	// ReasonInvalidSpec: Stalled=True. The spec contradicts itself or the plane; the message says where.
	ReasonInvalidSpec Reason = "InvalidSpec"
	// ReasonNotSupported: Stalled=True. The spec asks for something that this version refuses to pretend to do.
	ReasonNotSupported Reason = "NotSupported"
	// ReasonNamespaceNotAllowed: Stalled=True. This namespace may not name that Tenant or plane.
	ReasonNamespaceNotAllowed Reason = "NamespaceNotAllowed"
	// ReasonDataPlaneNotFound: Ready=False. No DataPlane of that name exists; looked up again when one appears.
	ReasonDataPlaneNotFound Reason = "DataPlaneNotFound"
	// ReasonDataPlaneNotReady: Ready=False. The plane is not claimed yet, or stalled.
	ReasonDataPlaneNotReady Reason = "DataPlaneNotReady"
	// ReasonTenantNotFound: Ready=False. No Tenant of that name exists.
	ReasonTenantNotFound Reason = "TenantNotFound"
	// ReasonTenantNotReady: Ready=False. The Tenant is not isolated yet, or suspended.
	ReasonTenantNotReady Reason = "TenantNotReady"
	// ReasonTenantIDConflict: Stalled=True. Another Tenant holds the claim on this tenantID.
	ReasonTenantIDConflict Reason = "TenantIDConflict"
	// ReasonTenantIDRetained: Stalled=True. A deleted Tenant's data was retained under this tenantID; ids are never recycled.
	ReasonTenantIDRetained Reason = "TenantIDRetained"
	// ReasonNameConflict: Stalled=True. Another Corpus of this Tenant has the name.
	ReasonNameConflict Reason = "NameConflict"
	// ReasonQuotaExceeded: Stalled=True. maxCorpora or maxDedicatedCollections is reached.
	ReasonQuotaExceeded Reason = "QuotaExceeded"
	// ReasonTenantsRemain: Reconciling=True on a DataPlane being deleted while Tenants name it.
	ReasonTenantsRemain Reason = "TenantsRemain"
)

// Reasons for claims.
const (
	// ReasonClaimed: Claimed=True.
	ReasonClaimed Reason = "Claimed"
	// ReasonPlaneOwnedElsewhere: Stalled=True, Claimed=False. A server carries another installation's or plane's marker.
	ReasonPlaneOwnedElsewhere Reason = "PlaneOwnedElsewhere"
	// ReasonSchemaTooNew: Stalled=True, Claimed=False. The plane was written by a newer Tenantry.
	ReasonSchemaTooNew Reason = "SchemaTooNew"
	// ReasonKeyMismatch: Stalled=True, Claimed=False. The keys Secret is not the one the plane was claimed with.
	ReasonKeyMismatch Reason = "KeyMismatch"
	// ReasonMarkerMissing: Stalled=True, Claimed=False. A server that was claimed carries no marker any more: it was
	// replaced or wiped, or the address leads elsewhere.
	ReasonMarkerMissing Reason = "MarkerMissing"
	// ReasonNotClaimed: Claimed=Unknown. Not every server has been reached yet.
	ReasonNotClaimed Reason = "NotClaimed"
)

// Reasons for layers and servers.
const (
	// ReasonIsolated: the boundary stands as desired.
	ReasonIsolated Reason = "Isolated"
	// ReasonNotConfigured: the plane has no server for this layer, so there is nothing to reach.
	ReasonNotConfigured Reason = "NotConfigured"
	// ReasonDrifted: something differs from the desired state and has not been mended.
	ReasonDrifted Reason = "Drifted"
	// ReasonHazard: something outside the Tenant's own objects opens its boundary.
	ReasonHazard Reason = "Hazard"
	// ReasonUnreachable: the server did not answer; status Unknown.
	ReasonUnreachable Reason = "Unreachable"
	// ReasonApplyFailed: the server refused a change.
	ReasonApplyFailed Reason = "ApplyFailed"
	// ReasonReachable: the server answers and grants what is needed.
	ReasonReachable Reason = "Reachable"
	// ReasonSecretNotFound: a referenced Secret does not exist in the operator's namespace.
	ReasonSecretNotFound Reason = "SecretNotFound"
	// ReasonSecretNotLabelled: a referenced Secret lacks the label tenantry.dev/data-plane with this plane's name.
	ReasonSecretNotLabelled Reason = "SecretNotLabelled"
	// ReasonSecretInvalid: a referenced Secret lacks the key, or its value cannot be parsed.
	ReasonSecretInvalid Reason = "SecretInvalid"
	// ReasonAuthenticationFailed: the server refused the operator's credential.
	ReasonAuthenticationFailed Reason = "AuthenticationFailed"
	// ReasonMissingRights: the operator's role lacks a right; the message has the statement that grants it.
	ReasonMissingRights Reason = "MissingRights"
	// ReasonUnsupportedServer: the server is too old, or lacks a capability that the spec needs.
	ReasonUnsupportedServer Reason = "UnsupportedServer"
	// ReasonPending: not looked at yet.
	ReasonPending Reason = "Pending"
)

// Reasons for drift: of the condition Enforcing, and of Events on Tenants and DataPlanes.
const (
	// ReasonEnforcing: Enforcing=True. What differs from the desired state is put right.
	ReasonEnforcing Reason = "Enforcing"
	// ReasonPlanMode: Enforcing=False. mode is Plan: status.plan shows what would be done, and nothing is.
	ReasonPlanMode Reason = "PlanMode"
	// ReasonReportOnly: Enforcing=False. drift is Report: what differs is shown and left alone.
	ReasonReportOnly Reason = "ReportOnly"
	// ReasonDriftCorrected: an Event. A difference was found and put right.
	ReasonDriftCorrected Reason = "DriftCorrected"
	// ReasonFindingGone: an Event. A finding that was open is no more, by somebody else's hand.
	ReasonFindingGone Reason = "FindingGone"
	// ReasonFight: an Event. Something is changed back over and over by another hand, and corrected ever more slowly.
	ReasonFight Reason = "Fight"
	// ReasonAttemptDenied: an Event on a Tenant. A server refused what was tried with this tenant's credential.
	ReasonAttemptDenied Reason = "AttemptDenied"
)

// Reasons for credentials.
const (
	// ReasonIssued: the Secrets hold what the servers accept.
	ReasonIssued Reason = "Issued"
	// ReasonBoundaryNotVerified: credentials wait until every layer of the Tenant is verified.
	ReasonBoundaryNotVerified Reason = "BoundaryNotVerified"
	// ReasonSecretForbidden: the operator may not write Secrets in that namespace; the message has the RoleBinding.
	ReasonSecretForbidden Reason = "SecretForbidden"
	// ReasonSecretExists: a Secret of that name exists that Tenantry did not make; it is left alone.
	ReasonSecretExists Reason = "SecretExists"
	// ReasonRevoked: the Tenant is suspended; its credentials are dead.
	ReasonRevoked Reason = "Revoked"
	// ReasonNoCredentials: the spec asks for none.
	ReasonNoCredentials Reason = "NoCredentials"
)

// Reasons for corpora and budgets.
const (
	// ReasonCollectionReady: the collection exists as declared.
	ReasonCollectionReady Reason = "CollectionReady"
	// ReasonShapeMismatch: Stalled=True. The collection exists with other vectors; Tenantry never drops it.
	ReasonShapeMismatch Reason = "ShapeMismatch"
	// ReasonCollectionExists: Stalled=True. A collection of that name exists that Tenantry did not make.
	ReasonCollectionExists Reason = "CollectionExists"
	// ReasonSharedCollectionNotFound: Stalled=True. The plane declares no shared collection of that name.
	ReasonSharedCollectionNotFound Reason = "SharedCollectionNotFound"
	// ReasonEnforced: Enforced=True. The ledger's rows were compared with the spec, and are as it says.
	ReasonEnforced Reason = "Enforced"
	// ReasonNotEnforced: Enforced=False or WithinBudget=Unknown. The ledger does not hold this budget.
	ReasonNotEnforced Reason = "NotEnforced"
	// ReasonBudgetConflict: Stalled=True. Another AIBudget of this Tenant is in force.
	ReasonBudgetConflict Reason = "BudgetConflict"
	// ReasonWithinBudget: WithinBudget=True. Every limit has room.
	ReasonWithinBudget Reason = "WithinBudget"
	// ReasonLimitReached: WithinBudget=False. A limit is used up until its period ends, or until it is raised.
	ReasonLimitReached Reason = "LimitReached"
	// ReasonThresholdReached: an Event on an AIBudget. One of alertPercents was reached, for the first time in this period.
	ReasonThresholdReached Reason = "ThresholdReached"
	// ReasonCountersMended: an Event on a DataPlane. Counters did not agree with the ledger and were counted anew.
	ReasonCountersMended Reason = "CountersMended"
)
