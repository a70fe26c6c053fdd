package vector

import "fmt"

// Supported says whether Tenantry works with a server of that version.
func Supported(version string) bool { return AtLeast(version, 1, 16) }

// AtLeast compares the first two numbers of a version such as "1.19.0" or "v1.19.0-dev". What cannot be read is too old.
func AtLeast(version string, major, minor int) bool {
	var gotMajor, gotMinor int
	if _, err := fmt.Sscanf(version, "v%d.%d", &gotMajor, &gotMinor); err != nil {
		if _, err := fmt.Sscanf(version, "%d.%d", &gotMajor, &gotMinor); err != nil {
			return false
		}
	}
	return gotMajor > major || gotMajor == major && gotMinor >= minor
}
