package budget_test

const childDSN = "TENANTRY_TEST_BUDGET_CHILD"

func child(string) {}
