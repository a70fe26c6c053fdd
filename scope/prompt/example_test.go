package prompt_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/tenantry/tenantry/scope/prompt"
)

// The same text for every tenant, before your own instructions.
func ExamplePreamble() {
	preamble, err := prompt.Preamble(prompt.Options{Product: "Contract Desk", RefusalLanguage: "German"})
	if err != nil {
		panic(err)
	}
	system := preamble + "\n\nAnswer questions about the contracts below."
	first, _, _ := strings.Cut(system, ".")
	_, _ = fmt.Fprintln(os.Stdout, first)
	// Output: You are an assistant of Contract Desk
}
