package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BudgetTier is a tenant's service tier.
// +kubebuilder:validation:Enum=Standard;Premium;Enterprise
type BudgetTier string

// BudgetPeriod is a calendar period.
// +kubebuilder:validation:Enum=Day;Week;Month
type BudgetPeriod string

// BudgetUnit is what is counted.
// +kubebuilder:validation:Enum=Tokens;USD
type BudgetUnit string

// AIBudgetSpec caps what one tenant may spend on models.
//
// +kubebuilder:validation:XValidation:rule="self.tenant == oldSelf.tenant",message="tenant is immutable: make a new AIBudget"
type AIBudgetSpec struct {
	// tenant whose spend is capped: the name of a Tenant. This namespace must be trusted by its DataPlane. Immutable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Tenant string `json:"tenant"`
	// tier of the tenant: Standard, Premium or Enterprise. The plane's routing maps it to models. Default Standard. A
	// change applies to the next request.
	// +optional
	Tier BudgetTier `json:"tier,omitempty"`
	// period: a calendar Day, Week (from Monday) or Month in timeZone, at whose end counting begins anew. A change counts
	// what was spent since the start of the new period.
	// +required
	Period BudgetPeriod `json:"period"`
	// timeZone that periods begin and end in, an IANA name such as Europe/Paris, or UTC. Default UTC. A change moves the
	// bounds of the running period.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self == 'UTC' || self.matches(r'^[A-Za-z][A-Za-z0-9_-]*(/[A-Za-z0-9_+-]+)+$')`,message="timeZone is an IANA name such as Europe/Paris, or UTC; abbreviations and offsets mean different things to different programs"
	TimeZone string `json:"timeZone,omitempty"`
	// limits, keyed by unit and model; every one that applies to a call must have room for it. A change applies to the
	// next reservation; what was used stays counted.
	// +required
	// +listType=map
	// +listMapKey=unit
	// +listMapKey=model
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Limits []BudgetLimit `json:"limits"`
	// enforcement: Block refuses what does not fit, Warn records it and lets it through. Default Block. A change applies to
	// the next reservation.
	// +optional
	// +kubebuilder:validation:Enum=Block;Warn
	Enforcement string `json:"enforcement,omitempty"`
	// degradeAtPercent of the tightest limit, from 1 to 100, from which on requests are routed to the cheaper model.
	// Unset: never.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	DegradeAtPercent int32 `json:"degradeAtPercent,omitempty"`
	// alertPercents of a limit, from 1 to 1000, each of which raises an Event once per period. Default none. More than 100
	// can be reached only with enforcement Warn.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=10
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=1000
	AlertPercents []int32 `json:"alertPercents,omitempty"`
}

// BudgetLimit is one limit.
// +kubebuilder:validation:XValidation:rule="self.unit != 'Tokens' || !self.amount.contains('.')",message="an amount of Tokens is a whole number"
type BudgetLimit struct {
	// unit: Tokens (input and output together) or USD.
	// +required
	Unit BudgetUnit `json:"unit"`
	// model it applies to; "*" is all models together.
	// +required
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self == '*' || self.matches(r'^[A-Za-z0-9][A-Za-z0-9._:/@-]*$')`,message="model is \"*\" for all models together, or one name: letters, digits and . _ : / @ - ; there are no patterns"
	Model string `json:"model"`
	// amount per period, a decimal string: whole tokens, or US dollars with at most 6 decimals. "0" lets nothing through.
	// +required
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$')`,message="an amount is a decimal string such as \"250.00\": at most 12 digits before and 6 after the point, no sign, no exponent, no separators"
	Amount string `json:"amount"`
}

// BudgetUsage is where one limit stands in the current period.
type BudgetUsage struct {
	// unit: Tokens or USD.
	// +required
	Unit BudgetUnit `json:"unit"`
	// model it applies to; "*" is all models together.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Model string `json:"model"`
	// used in the current period, a decimal string.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Used string `json:"used,omitempty"`
	// reserved by calls under way, a decimal string.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Reserved string `json:"reserved,omitempty"`
	// limit in effect, a decimal string.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Limit string `json:"limit,omitempty"`
	// percent of the limit that is used, in whole percents.
	// +optional
	Percent int32 `json:"percent,omitempty"`
	// alerted are those of alertPercents that were reached and announced in this period, so that none is announced twice.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=10
	Alerted []int32 `json:"alerted,omitempty"`
}

// BudgetPeriodStatus is the current period.
type BudgetPeriodStatus struct {
	// start of the period, inclusive.
	// +optional
	Start *metav1.Time `json:"start,omitempty"`
	// end of the period, exclusive, when counting begins anew.
	// +optional
	End *metav1.Time `json:"end,omitempty"`
}

// BudgetForecast looks ahead.
type BudgetForecast struct {
	// exhaustedAt is when the first limit will be used up at the rate of the last hour, or was. Unset: not in this period.
	// +optional
	ExhaustedAt *metav1.Time `json:"exhaustedAt,omitempty"`
}

// AIBudgetStatus is what was found.
type AIBudgetStatus struct {
	// conditions: Ready, Enforced, WithinBudget; Reconciling and Stalled while True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// observedGeneration is the generation of the spec that status speaks of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// lastHandledReconcileAt repeats the token of the annotation tenantry.dev/reconcile-at once it was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
	// period that is running.
	// +optional
	Period *BudgetPeriodStatus `json:"period,omitempty"`
	// percent of the tightest limit that is used in this period, in whole percents.
	// +optional
	Percent *int32 `json:"percent,omitempty"`
	// spend in this period in words, such as "12.34 of 250 USD": of the limit in USD for all models together, else of the
	// tightest one.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Spend string `json:"spend,omitempty"`
	// usage of every limit, in whole percents, at most once a minute.
	// +optional
	// +listType=map
	// +listMapKey=unit
	// +listMapKey=model
	// +kubebuilder:validation:MaxItems=64
	Usage []BudgetUsage `json:"usage,omitempty"`
	// forecast from the recent rate.
	// +optional
	Forecast *BudgetForecast `json:"forecast,omitempty"`
}

// AIBudget caps what one tenant may spend on models in a calendar period.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=aib,categories=tenantry
// +kubebuilder:selectablefield:JSONPath=`.spec.tenant`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Tenant",type=string,JSONPath=`.spec.tenant`
// +kubebuilder:printcolumn:name="Used %",type=integer,JSONPath=`.status.percent`
// +kubebuilder:printcolumn:name="Spend",type=string,JSONPath=`.status.spend`
// +kubebuilder:printcolumn:name="Resets",type=string,JSONPath=`.status.period.end`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Tier",type=string,priority=1,JSONPath=`.spec.tier`
// +kubebuilder:printcolumn:name="Exhausted",type=string,priority=1,JSONPath=`.status.forecast.exhaustedAt`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
type AIBudget struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the desired state.
	// +required
	Spec AIBudgetSpec `json:"spec"`
	// status is the observed state.
	// +optional
	Status AIBudgetStatus `json:"status,omitempty"`
}

// AIBudgetList is a list of AIBudgets.
//
// +kubebuilder:object:root=true
type AIBudgetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AIBudget `json:"items"`
}

// GetConditions returns the conditions, for helpers that work on every kind.
func (b *AIBudget) GetConditions() []metav1.Condition { return b.Status.Conditions }

// SetConditions replaces the conditions.
func (b *AIBudget) SetConditions(c []metav1.Condition) { b.Status.Conditions = c }
