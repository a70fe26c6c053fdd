package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const docsDir = "../../docs/api/"

var (
	codeSpan = regexp.MustCompile("`([^`]+)`")
	firstRow = regexp.MustCompile("^\\| `([^`]+)` \\|") // the first cell of a row, where it is code
	reasonIn = regexp.MustCompile("`([A-Z][A-Za-z]+)`")
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(docsDir + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Every field has a row in a table under the heading of its parent, and every row is a field.
func TestEveryFieldIsDocumented(t *testing.T) {
	for _, crd := range definitions(t) {
		page := strings.ToLower(crd.Spec.Names.Kind) + ".md"
		t.Run(page, func(t *testing.T) {
			var want []string
			for _, node := range nodes(crd) {
				inCondition := strings.HasPrefix(node.path, "status.conditions[]") // conditions.md is about these
				if strings.Contains(node.path, ".") && !strings.HasSuffix(node.path, "[]") && !inCondition {
					want = append(want, node.path)
				}
			}
			if diff := cmp.Diff(want, documentedFields(readDoc(t, page))); diff != "" {
				t.Errorf("fields (-schema +documentation):\n%s", diff)
			}
		})
	}
}

// documentedFields returns the paths of all rows under headings that name the path of their parent, sorted. A heading may
// name several parents that have the same fields.
func documentedFields(page string) []string {
	var parents, fields []string
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "#") {
			parents = nil
			for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
				parents = append(parents, span[1])
			}
		}
		if row := firstRow.FindStringSubmatch(line); row != nil {
			for _, parent := range parents {
				fields = append(fields, parent+"."+row[1])
			}
		}
	}
	slices.Sort(fields)
	return fields
}

// constants returns the values of the string constants in conditions.go whose names begin with prefix, sorted.
func constants(t *testing.T, prefix string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
		return false
	})
	slices.Sort(values)
	return values
}

// rows returns the first cells of the tables between two headings, sorted.
func rows(page, from, to string) []string {
	_, page, _ = strings.Cut(page, from)
	page, _, _ = strings.Cut(page, to)
	var found []string
	for line := range strings.Lines(page) {
		if row := firstRow.FindStringSubmatch(line); row != nil {
			found = append(found, row[1])
		}
	}
	slices.Sort(found)
	return found
}

func TestEveryConditionAndReasonIsDocumented(t *testing.T) {
	page := readDoc(t, "conditions.md")
	if diff := cmp.Diff(constants(t, "Condition"), rows(page, "\n## Conditions\n", "\n## ")); diff != "" {
		t.Errorf("conditions (-code +documentation):\n%s", diff)
	}
	if diff := cmp.Diff(constants(t, "Reason"), rows(page, "\n## Reasons\n", "\n## ")); diff != "" {
		t.Errorf("reasons (-code +documentation):\n%s", diff)
	}
}

// The pages of the kinds speak of reasons that exist.
func TestReasonsInDebuggingExist(t *testing.T) {
	known := constants(t, "Reason")
	for _, crd := range definitions(t) {
		page := strings.ToLower(crd.Spec.Names.Kind) + ".md"
		_, debugging, found := strings.Cut(readDoc(t, page), "\n## Debugging ")
		if debugging, _, _ = strings.Cut(debugging, "\n## "); !found {
			t.Errorf("%s has no section about debugging", page)
		}
		for line := range strings.Lines(debugging) {
			cells := strings.SplitN(line, "|", 3)
			if len(cells) < 3 {
				continue
			}
			for _, reason := range reasonIn.FindAllStringSubmatch(cells[1], -1) {
				if !slices.Contains(known, reason[1]) {
					t.Errorf("%s explains the reason %s, which does not exist", page, reason[1])
				}
			}
		}
	}
}

// Manifests in the documentation are accepted by the API server.
func TestExamplesInTheDocumentation(t *testing.T) {
	c := newClient(t)
	for _, crd := range definitions(t) {
		page := strings.ToLower(crd.Spec.Names.Kind) + ".md"
		t.Run(page, func(t *testing.T) {
			found := examples(t, readDoc(t, page))
			if len(found) == 0 {
				t.Fatal("no example")
			}
			for _, object := range found {
				object.SetNamespace("") // the namespaces of the examples do not exist here
				storedAsWritten(t, c, namespaced(object))
			}
		})
	}
}

// examples returns the objects in the fenced YAML blocks of a page.
func examples(t *testing.T, page string) []*unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for _, block := range regexp.MustCompile("(?s)\n```yaml\n(.*?)\n```\n").FindAllStringSubmatch(page, -1) {
		objects, err := decode([]byte(block[1]))
		if err != nil {
			t.Fatalf("%v in\n%s", err, block[1])
		}
		found = append(found, objects...)
	}
	return found
}
