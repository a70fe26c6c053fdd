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
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$')`,message="a price is a decimal string such as \"2.50\": at most 12 digits before and 6 after the point, no sign, no exponent"
	InputUSDPerMillion string `json:"inputUSDPerMillion"`
	// outputUSDPerMillion is the price of a million output tokens in US dollars, a decimal string with at most 6
	// decimals, such as "10.00".
	// +required
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^(0|[1-9][0-9]{0,11})(\.[0-9]{1,6})?$')`,message="a price is a decimal string such as \"2.50\": at most 12 digits before and 6 after the point, no sign, no exponent"
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
