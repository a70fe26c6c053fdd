package v1alpha1

// ModelPrice is what one model costs.
type ModelPrice struct {
	// name of the model, as callers name it.
	// +required
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z0-9][A-Za-z0-9._:/@-]*$')`,message="name of a model: letters, digits and . _ : / @ - ; \"*\" is not a model"
	Name string `json:"name"`
	// inputUSDPerMillion is the price of a million input tokens in US dollars, a decimal string with at most 6 decimals,
	// such as "2.50".
	// +required
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?$')`,message="a price is a decimal string such as \"2.50\": at most 6 digits before and 6 after the point, no sign, no exponent"
	InputUSDPerMillion string `json:"inputUSDPerMillion"`
	// outputUSDPerMillion is the price of a million output tokens in US dollars, a decimal string with at most 6
	// decimals, such as "10.00".
	// +required
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?$')`,message="a price is a decimal string such as \"2.50\": at most 6 digits before and 6 after the point, no sign, no exponent"
	OutputUSDPerMillion string `json:"outputUSDPerMillion"`
}

// ModelRoute sends one tier and complexity to a model.
type ModelRoute struct {
	// tier of the tenant's budget: Standard, Premium or Enterprise.
	// +required
	Tier BudgetTier `json:"tier"`
	// complexity of the request: Simple, Standard or Complex.
	// +required
	// +kubebuilder:validation:Enum=Simple;Standard;Complex
	Complexity string `json:"complexity"`
	// model that serves it; one of models. A change applies to the next request.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Model string `json:"model"`
}

// BudgetSettings say what holds for every AIBudget of the plane.
type BudgetSettings struct {
	// reservationSeconds is how long a reservation holds, from 1 to 86400, unless it is settled or released before.
	// Default 900. A change applies to calls reserved from then on.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	ReservationSeconds int32 `json:"reservationSeconds,omitempty"`
	// onExpiry says what becomes of a reservation that nobody settled in time: Charge counts all of it as used, Free none.
	// What is settled later corrects either. Default Charge. A change applies to what expires from then on.
	// +optional
	// +kubebuilder:validation:Enum=Charge;Free
	OnExpiry string `json:"onExpiry,omitempty"`
	// withoutBudget says what happens to calls of tenants without an AIBudget: Refuse, or Allow, which records them without
	// a limit. Default Refuse. A change applies to the next call.
	// +optional
	// +kubebuilder:validation:Enum=Refuse;Allow
	WithoutBudget string `json:"withoutBudget,omitempty"`
	// retentionMonths is how many whole months of the ledger are kept beside the running one, from 2 to 120. Default 13.
	// Lowering it deletes what is older, for good.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=120
	RetentionMonths int32 `json:"retentionMonths,omitempty"`
}
