package rows

import (
	"embed"
	"strings"
)

// Bodies of the budget's functions, and parts that several of them share. They are texts put together here and not
// functions that call each other: a call would cost as much as what it does.
//
//go:embed sql/*.sql
var bodies embed.FS

// body returns a body by name with its parts put in.
func body(name string) string {
	text, err := bodies.ReadFile("sql/" + name + ".sql")
	if err != nil {
		panic("no function body " + name) // a typing error, found by the first test
	}
	out := string(text)
	for _, part := range []string{
		"finish_one", "finish_many", "begin", "admit", "finish", "sweep", "load", "store", "close", "price", "known", "cheaper", "take_back", "complain_many",
		"complain", "blank_reserve", "blank_finish", "raise", "valid", "identify", "application", "reserve_variables", "finish_variables",
	} {
		if mark := "{{" + part + "}}"; strings.Contains(out, mark) {
			out = strings.ReplaceAll(out, mark, strings.TrimSuffix(body("part_"+part), "\n"))
		}
	}
	return out
}

const (
	reserved = "TABLE (decision text, model text, again boolean, percent integer, unit text, limit_model text, used bigint, reserved bigint, " +
		"limit_amount bigint, resets_at timestamptz, expires_at timestamptz)"
	reservedMany = "TABLE (ordinal integer, decision text, model text, again boolean, percent integer, unit text, limit_model text, used bigint, " +
		"reserved bigint, limit_amount bigint, resets_at timestamptz, expires_at timestamptz, code text, message text)"
	finished     = "TABLE (state text, again boolean, input_tokens bigint, output_tokens bigint, cost_micros bigint)"
	finishedMany = "TABLE (ordinal integer, state text, again boolean, input_tokens bigint, output_tokens bigint, cost_micros bigint, code text, message text)"
)

// budgetFunctions are those of the ledger. What neither tenants nor applications may call is called by the others, which run
// with the operator's rights, and by the operator.
func budgetFunctions() []functionSpec {
	return []functionSpec{
		internal("budget_now()", "", "timestamp with time zone", "VOLATILE", "budget_now").inlined(),
		internal("budget_cost(bigint,bigint,bigint,bigint)", "input_tokens bigint, output_tokens bigint, input_price bigint, output_price bigint",
			"bigint", "IMMUTABLE", "budget_cost").inlined(),
		internal("budget_midnight(timestamp without time zone,text)", "local timestamp, zone text", "timestamp with time zone", "STABLE", "budget_midnight"),
		internal("budget_period(timestamp with time zone,text,text)", "moment timestamptz, period text, zone text",
			"TABLE (period_start timestamptz, period_end timestamptz)", "STABLE", "budget_period"),
		internal("budget_calendar(timestamp with time zone,timestamp with time zone,text,text)", "starts timestamptz, ends timestamptz, period text, zone text",
			"boolean", "STABLE", "budget_calendar"),
		internal("budget_mark()", "", "void", "VOLATILE", "budget_mark"),
		internal("budget_roll(text,timestamp with time zone)", "tenant text, moment timestamptz", "void", "VOLATILE", "budget_roll"),
		internal("budget_late(text,timestamp with time zone,text,bigint,bigint,bigint,bigint)",
			"tenant text, made timestamptz, model text, tokens bigint, micros bigint, held_tokens bigint, held_micros bigint", "void", "VOLATILE", "budget_late"),
		internal("budget_sweep(text,timestamp with time zone)", "tenant text, moment timestamptz", "integer", "VOLATILE", "budget_sweep").swift(),
		internal("budget_sweep_due(text,integer)", "after text, most integer", "TABLE (tenants integer, expired integer, failed text[], next_after text)",
			"VOLATILE", "budget_sweep_due"),
		internal("budget_rebuild(text)", "tenant text", "void", "VOLATILE", "budget_rebuild"),
		public("reserve(text,text,bigint,bigint,text)",
			"request_id text, model_wanted text, input_tokens bigint, max_output_tokens bigint, complexity text DEFAULT NULL", reserved, "VOLATILE", "reserve").both(),
		public("settle(text,bigint,bigint)", "request_id text, input_used bigint, output_used bigint", finished, "VOLATILE", "settle").both(),
		public("release(text)", "request_id text", finished, "VOLATILE", "release"),
		public("reserve_many(text[],text[],text[],bigint[],bigint[],text[])",
			"tenant_ids text[], request_ids text[], models_wanted text[], input_tokens bigint[], max_output_tokens bigint[], complexities text[] DEFAULT NULL",
			reservedMany, "VOLATILE", "reserve_many"),
		public("settle_many(text[],text[],bigint[],bigint[])", "tenant_ids text[], request_ids text[], input_used bigint[], output_used bigint[]",
			finishedMany, "VOLATILE", "settle_many"),
		public("release_many(text[],text[])", "tenant_ids text[], request_ids text[]", finishedMany, "VOLATILE", "release_many"),
		public("budget_status()", "", "TABLE (unit text, model text, used bigint, reserved bigint, limit_amount bigint, percent integer, "+
			"period_start timestamptz, resets_at timestamptz, tier text, enforcement text)", "STABLE", "budget_status").both(),
		public("route(text)", "complexity text", "text", "STABLE", "route").both(),
	}
}

// internal is a function that only the operator and other functions call.
func internal(name, arguments, returns, volatility, file string) functionSpec {
	return functionSpec{
		name: name, arguments: arguments, returns: returns, volatility: volatility, parallel: "UNSAFE", body: body(file),
	}
}

// public is a function that applications call.
func public(name, arguments, returns, volatility, file string) functionSpec {
	f := internal(name, arguments, returns, volatility, file)
	f.apps = true
	if volatility == "VOLATILE" {
		return f.swift()
	}
	return f
}

// swift gives it settings that make its plans once and for any size of the tables.
func (f functionSpec) swift() functionSpec {
	f.quick = true
	return f
}

// both lets tenants call it, too.
func (f functionSpec) both() functionSpec {
	f.tenants = true
	return f
}

// inlined makes it a part of the expressions that use it: a function in SQL, without settings and with its caller's rights.
func (f functionSpec) inlined() functionSpec {
	f.language, f.invoker = "sql", true
	return f
}
