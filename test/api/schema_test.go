package api

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// definitions reads the generated resource definitions.
func definitions(t *testing.T) []*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	paths, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no resource definitions (%v): run make generate", err)
	}
	var found []*apiextensionsv1.CustomResourceDefinition
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(content, crd); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		found = append(found, crd)
	}
	return found
}

// schema is one node of a resource definition: path is "spec.qdrant.sharedCollections[].name", for example.
type schema struct {
	path string
	apiextensionsv1.JSONSchemaProps
}

// nodes returns spec and status of a definition and everything under them, sorted by path.
func nodes(crd *apiextensionsv1.CustomResourceDefinition) []schema {
	var found []schema
	root := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	for _, name := range []string{"spec", "status"} {
		found = walk(found, name, root.Properties[name])
	}
	slices.SortFunc(found, func(a, b schema) int { return strings.Compare(a.path, b.path) })
	return found
}

func walk(found []schema, path string, props apiextensionsv1.JSONSchemaProps) []schema {
	found = append(found, schema{path, props})
	for name, child := range props.Properties {
		found = walk(found, path+"."+name, child)
	}
	if props.Items != nil {
		found = walk(found, path+"[]", *props.Items.Schema)
	}
	return found
}

// flaws are what the rules of this API hold against one node.
func (s schema) flaws() []string {
	var found []string
	flaw := func(is bool, text string) {
		if is {
			found = append(found, text)
		}
	}
	bounded := s.MaxLength != nil || len(s.Enum) > 0 || s.Format == "date-time"
	flaw(s.Default != nil, "has a default: the live object would differ from the one in Git")
	flaw(s.Type == "boolean", "is a boolean: use an enum, which can get a third value")
	flaw(s.Type == "number", "is a floating-point number: use a decimal string")
	flaw(s.Format == "duration", "is a duration: use an integer named …Seconds")
	flaw(s.AdditionalProperties != nil, "is a map: use a list keyed by a required field")
	flaw(s.XPreserveUnknownFields != nil, "keeps unknown fields: nothing would validate them")
	flaw(s.Type == "string" && !bounded, "is a string without a maximum length")
	flaw(s.Type == "array" && s.MaxItems == nil, "is a list without a maximum length")
	flaw(s.Type == "array" && s.XListType == nil, "is a list that does not say how it is merged")
	flaw(s.Description == "" && !strings.HasSuffix(s.path, "[]"), "is not documented")
	for _, key := range s.XListMapKeys {
		flaw(!slices.Contains(s.Items.Schema.Required, key), "is keyed by "+key+", which is not required")
	}
	return found
}

func TestSchemaFollowsTheRules(t *testing.T) {
	for _, crd := range definitions(t) {
		t.Run(crd.Spec.Names.Kind, func(t *testing.T) {
			for _, node := range nodes(crd) {
				for _, flaw := range node.flaws() {
					t.Errorf("%s %s", node.path, flaw)
				}
			}
		})
	}
}

// Field descriptions begin with the name of the field, so that they read well in kubectl explain and in the reference.
func TestDescriptionsBeginWithTheField(t *testing.T) {
	for _, crd := range definitions(t) {
		for _, node := range nodes(crd) {
			name := node.path[strings.LastIndex(node.path, ".")+1:]
			foreign := strings.HasPrefix(node.path, "status.conditions[]") // metav1.Condition is not ours
			if !foreign && !strings.HasSuffix(name, "[]") && !strings.HasPrefix(node.Description, name) {
				t.Errorf("%s: the description of %s begins %.30q", crd.Spec.Names.Kind, node.path, node.Description)
			}
		}
	}
}

func TestEveryRuleHasAnInvalidManifest(t *testing.T) {
	var wants []string
	for _, m := range manifests(t, "invalid/*/*.yaml", "immutable/*.yaml") {
		wants = append(wants, m.want...)
	}
	for _, crd := range definitions(t) {
		for _, rule := range rules(crd) {
			violated := func(want string) bool { return strings.HasSuffix(want, ": "+rule) }
			if !slices.ContainsFunc(wants, violated) {
				t.Errorf("%s: no manifest violates the rule with the message\n\t%s", crd.Spec.Names.Kind, rule)
			}
		}
	}
}

// rules returns the messages of the CEL rules of a definition, each once.
func rules(crd *apiextensionsv1.CustomResourceDefinition) []string {
	all := append(nodes(crd), schema{"", *crd.Spec.Versions[0].Schema.OpenAPIV3Schema})
	var messages []string
	for _, node := range all {
		for _, rule := range node.XValidations {
			messages = append(messages, rule.Message)
		}
	}
	slices.Sort(messages)
	return slices.Compact(messages)
}

func TestKubectlShows(t *testing.T) {
	want := map[string]string{
		"AIBudget": "Namespaced aibudgets [aib] [tenantry]: " +
			"Ready Status Tenant Used % Spend Resets Age; wide: Tier Exhausted Message; fields: .spec.tenant",
		"Corpus": "Namespaced corpora [] [tenantry]: " +
			"Ready Status Pattern Tenant Points Age; wide: Collection Message; fields: .spec.tenant",
		"DataPlane": "Cluster dataplanes [dp] [tenantry]: " +
			"Ready Status Tenants Findings Age; wide: Enforcing Accepted Message; fields:",
		"Tenant": "Cluster tenants [tn] [tenantry]: " +
			"Ready Status Isolated Findings Budget % Plane Age; wide: Tenant ID Corpora Enforcing Accepted Message; fields: .spec.dataPlane",
	}
	got := map[string]string{}
	for _, crd := range definitions(t) {
		got[crd.Spec.Names.Kind] = shown(crd)
		if crd.Spec.Versions[0].Subresources.Status == nil {
			t.Errorf("%s has no status subresource: whoever may write the spec could write the status", crd.Spec.Names.Kind)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kubectl shows (-want +got):\n%s", diff)
	}
}

// shown puts into one line how kubectl finds and lists a kind.
func shown(crd *apiextensionsv1.CustomResourceDefinition) string {
	narrow, wide, fields := "", "", ""
	for _, column := range crd.Spec.Versions[0].AdditionalPrinterColumns {
		if column.Priority == 0 {
			narrow += " " + column.Name
		} else {
			wide += " " + column.Name
		}
	}
	for _, field := range crd.Spec.Versions[0].SelectableFields {
		fields += " " + field.JSONPath
	}
	names := crd.Spec.Names
	return fmt.Sprintf("%s %s %v %v:%s; wide:%s; fields:%s",
		crd.Spec.Scope, names.Plural, names.ShortNames, names.Categories, narrow, wide, fields)
}
