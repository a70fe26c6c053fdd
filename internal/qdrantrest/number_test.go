package qdrantrest

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestNumbersAreReadAsStrconvReadsThem holds the short way of reading decimals to the long one.
func TestNumbersAreReadAsStrconvReadsThem(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	short := 0
	for range 200_000 {
		digits := random.IntN(19)
		text := strconv.FormatFloat((random.Float64()-0.5)*math.Pow10(random.IntN(12)-4), 'f', digits, 64)
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := shortDecimal(text); ok {
			short++
		}
		got, ok := parseFloat(text)
		if !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: got %v, want %v", text, got, want)
		}
	}
	if short == 0 {
		t.Error("the short way was never taken")
	}
}

func TestShortDecimal(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "1": 1, "-1.5": -1.5, "0.1": 0.1, "9007199254740991": 1<<53 - 1, "0.00000000000001": 1e-14} {
		if got, ok := shortDecimal(text); !ok || got != want {
			t.Errorf("%s: got %v, %t", text, got, ok)
		}
	}
	if got, ok := shortDecimal("-0"); !ok || !math.Signbit(got) {
		t.Error("-0 lost its sign")
	}
	for _, text := range []string{"1e5", "9007199254740993", "0.0000000000000000001", "99999999999999999"} {
		if got, ok := shortDecimal(text); ok {
			t.Errorf("%s: got %v, want it left to strconv", text, got)
		}
	}
}

func TestFloatsAreWrittenAsFloats(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		f := math.Float32frombits(random.Uint32())
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			continue
		}
		e := &encoder{}
		e.float32(f)
		text := string(e.b)
		if isInteger(text) || checkSyntax(text) != nil {
			t.Fatalf("%v is written as %s", f, text)
		}
		back, ok := parseFloat(text)
		if !ok || float32(back) != f {
			t.Fatalf("%v is written as %s and read as %v", f, text, back)
		}
	}
	for f, want := range map[float64]string{1: "1.0", 0: "0.0", 1e15: "1000000000000000.0", 1e16: "1e+16", 1e-6: "0.000001", 1e-7: "1e-07", 0.1: "0.1"} {
		e := &encoder{}
		e.float64(f)
		if string(e.b) != want {
			t.Errorf("%v: got %s, want %s", f, e.b, want)
		}
	}
}
