package identity

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
)

func TestReviewsAreRemembered(t *testing.T) {
	r, h := newRig(t), with(HeaderAPIKey, accountToken("team", "worker"))
	const in = "acme ServiceAccount"
	for _, step := range []struct {
		what  string
		do    func()
		want  string
		asked int32
	}{
		{"first", func() {}, in, 1},
		{"again", func() {}, in, 1},
		{"almost a minute later", func() { r.clock.Step(believed - 1) }, in, 1},
		{"a minute later", func() { r.clock.Step(1) }, in, 2},
		{"revoked, remembered", func() { r.server.revoke.Store(true) }, in, 2},
		{"revoked, a minute later", func() { r.clock.Step(believed) }, "Unauthenticated InvalidToken", 3},
		{"refused, remembered", func() { r.clock.Step(disbelieved - 1) }, "Unauthenticated InvalidToken", 3},
		{"refused, 10 s later", func() { r.clock.Step(1) }, "Unauthenticated InvalidToken", 4},
		{"good again", func() { r.server.revoke.Store(false); r.clock.Step(disbelieved) }, in, 5},
		{"its own end", func() { r.clock.Step(time.Hour) }, "Unauthenticated InvalidToken", 5},
	} {
		step.do()
		got := r.outcomeOf(t, h)
		if asked := r.server.asked.Load(); got != step.want || asked != step.asked {
			t.Errorf("%s: %s after asking %d times, want %s after %d", step.what, got, asked, step.want, step.asked)
		}
	}
}

func TestWhileTheAPIServerIsAway(t *testing.T) {
	r, known, fresh := newRig(t), with(HeaderAPIKey, accountToken("team", "worker")), with(HeaderAPIKey, accountToken("product", "batch"), HeaderTenant, "acme")
	r.expect(t, "acme ServiceAccount", known)
	r.server.away.Store(true)
	r.clock.Step(believed)
	r.expect(t, "acme ServiceAccount", known)
	r.expect(t, "acme ServiceAccount", known)
	if n := r.server.asked.Load(); n != 2 {
		t.Errorf("asked %d times; a server that is away is not asked for every request", n)
	}
	r.expect(t, "Unavailable TokenReviewUnavailable", fresh)
	r.clock.Step(believedAlone - believed - 1)
	r.expect(t, "acme ServiceAccount", known)
	r.clock.Step(1)
	r.expect(t, "Unavailable TokenReviewUnavailable", known)
	r.server.away.Store(false)
	r.expect(t, "acme ServiceAccount", known)
	r.expect(t, "acme Header", fresh)
}

// TestTheTokensOwnEnd comes before the ten minutes.
func TestTheTokensOwnEnd(t *testing.T) {
	r := newRig(t)
	h := with(HeaderAPIKey, jwt(map[string]any{"aud": Audience, "exp": epoch.Add(5 * time.Minute).Unix(), "sub": "system:serviceaccount:team:worker"}))
	r.expect(t, "acme ServiceAccount", h)
	r.server.away.Store(true)
	r.clock.Step(5*time.Minute - 1)
	r.expect(t, "acme ServiceAccount", h)
	r.clock.Step(1)
	r.expect(t, "Unauthenticated InvalidToken", h)
}

// TestWhatWasRefusedStaysOut when the API server goes away afterwards.
func TestWhatWasRefusedStaysOut(t *testing.T) {
	r, h := newRig(t), with(HeaderAPIKey, accountToken("team", "worker"))
	r.expect(t, "acme ServiceAccount", h)
	r.server.revoke.Store(true)
	r.clock.Step(believed)
	r.expect(t, "Unauthenticated InvalidToken", h)
	r.server.away.Store(true)
	r.clock.Step(disbelieved)
	r.expect(t, "Unavailable TokenReviewUnavailable", h)
}

// TestHopelessTokens are refused without asking anybody.
func TestHopelessTokens(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{"aud": []string{"other", Audience}, "exp": epoch.Add(time.Hour).Unix(), "sub": "system:serviceaccount:team:worker"}
	}
	for name, edit := range map[string]func(map[string]any){
		"another audience": func(c map[string]any) { c["aud"] = "https://kubernetes.default.svc" },
		"no audience":      func(c map[string]any) { delete(c, "aud") },
		"odd audience":     func(c map[string]any) { c["aud"] = map[string]string{Audience: Audience} },
		"similar audience": func(c map[string]any) { c["aud"] = []string{Audience + "s"} },
		"expired":          func(c map[string]any) { c["exp"] = epoch.Unix() },
		"no end":           func(c map[string]any) { delete(c, "exp") },
		"no end in sight":  func(c map[string]any) { c["exp"] = 1e300 },
	} {
		t.Run(name, func(t *testing.T) {
			r, claims := newRig(t), good()
			r.expect(t, "acme ServiceAccount", with(HeaderAPIKey, jwt(claims)))
			edit(claims)
			r.expect(t, "Unauthenticated InvalidToken", with(HeaderAPIKey, jwt(claims)))
			if n := r.server.asked.Load(); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// numbered is one of many tokens of an account.
func numbered(namespace, name string, i int) string {
	return jwt(map[string]any{
		"aud": Audience, "exp": epoch.Add(time.Hour).Unix(), "jti": fmt.Sprint(i), "sub": "system:serviceaccount:" + namespace + ":" + name,
	})
}

// TestMadeUpAccounts cost the API server nothing.
func TestMadeUpAccounts(t *testing.T) {
	r := newRig(t)
	for i := range 100 {
		r.expect(t, "Unauthenticated NotListed", with(HeaderAPIKey, accountToken("evil", fmt.Sprint(i))))
	}
	if n := r.server.asked.Load(); n != 0 {
		t.Errorf("the API server was asked %d times", n)
	}
}

// TestAFlood of tokens that claim to be of one account is not passed on, does not push out who is known, and keeps the new
// tokens of no other account out.
func TestAFlood(t *testing.T) {
	r, known := newRig(t), with(HeaderAPIKey, accountToken("team", "worker"))
	r.expect(t, "acme ServiceAccount", known)
	r.server.revoke.Store(true)
	refused := map[string]int{}
	for i := range 10 * refusedTokens {
		refused[r.outcomeOf(t, with(HeaderAPIKey, numbered("product", "batch", i)))]++
	}
	if n := r.server.asked.Load(); n > 1+unknownBurst {
		t.Errorf("the API server was asked %d times, want at most %d", n, 1+unknownBurst)
	}
	if refused["Unavailable TokenReviewUnavailable"] == 0 || len(refused) != 2 {
		t.Errorf("refused as %v", refused)
	}
	r.server.revoke.Store(false)
	before := r.server.asked.Load()
	r.expect(t, "acme ServiceAccount", known)
	if r.server.asked.Load() != before {
		t.Error("the flood pushed out a known token")
	}
	for i := range 10 { // the flood goes on while the known one is due, and while new ones come
		r.clock.Step(believed)
		for j := range 2 * unknownBurst {
			r.outcomeOf(t, with(HeaderAPIKey, numbered("product", "batch", 1e6+1000*i+j)))
		}
		r.expect(t, "acme ServiceAccount", known)
		r.expect(t, "acme ServiceAccount", with(HeaderAPIKey, numbered("team", "worker", i)))
	}
}

// TestOneQuestionForAll who show the same token at the same time; who goes away takes nobody along.
func TestOneQuestionForAll(t *testing.T) {
	r, h := newRig(t), with(HeaderAPIKey, accountToken("team", "worker"))
	release := r.server.holdAnswers()
	impatient, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := r.Authenticate(impatient, h)
		first <- err
	}()
	<-r.server.arrived
	leave()
	if err := <-first; err == nil {
		t.Error("whoever went away was let in")
	}
	var others sync.WaitGroup
	for range 20 {
		others.Go(func() {
			if c, err := r.Authenticate(t.Context(), h); err != nil || c.Tenant.ID != "acme" {
				t.Errorf("%v", err)
			}
		})
	}
	release()
	others.Wait()
	if n := r.server.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestOnlySoManyQuestions at a time, however slow the answers.
func TestOnlySoManyQuestions(t *testing.T) {
	r := newRig(t)
	release := r.server.holdAnswers()
	var held sync.WaitGroup
	for i := range concurrentReviews {
		held.Go(func() { r.outcomeOf(t, with(HeaderAPIKey, numbered("team", "worker", i))) })
	}
	for range concurrentReviews {
		<-r.server.arrived
	}
	r.expect(t, "Unavailable TokenReviewUnavailable", with(HeaderAPIKey, accountToken("team", "worker")))
	if n := r.server.asked.Load(); n != concurrentReviews {
		t.Errorf("%d questions at a time, want %d", n, concurrentReviews)
	}
	release()
	held.Wait()
	r.expect(t, "acme ServiceAccount", with(HeaderAPIKey, accountToken("team", "worker")))
}

func TestJudge(t *testing.T) {
	good := authenticationv1.TokenReviewStatus{
		Authenticated: true, Audiences: []string{Audience}, User: authenticationv1.UserInfo{Username: "system:serviceaccount:team:worker"},
	}
	if out := judge(good); out.err != nil || out.account != (account{"team", "worker"}) {
		t.Fatalf("%+v", out)
	}
	named := func(name string) func(*authenticationv1.TokenReviewStatus) {
		return func(s *authenticationv1.TokenReviewStatus) { s.User.Username = name }
	}
	for name, edit := range map[string]func(*authenticationv1.TokenReviewStatus){
		"not authenticated":   func(s *authenticationv1.TokenReviewStatus) { s.Authenticated = false },
		"no audiences":        func(s *authenticationv1.TokenReviewStatus) { s.Audiences = nil },
		"another audience":    func(s *authenticationv1.TokenReviewStatus) { s.Audiences = []string{"other"} },
		"a user":              named("alice"),
		"a node":              named("system:node:one"),
		"without a name":      named("system:serviceaccount:team"),
		"with an empty name":  named("system:serviceaccount:team:"),
		"without a namespace": named("system:serviceaccount::worker"),
		"with too many parts": named("system:serviceaccount:team:worker:x"),
		"a look-alike":        named("xsystem:serviceaccount:team:worker"),
		"two parts alone":     named("team:worker"),
	} {
		s := good
		edit(&s)
		if out := judge(s); out.err == nil || !out.invalid {
			t.Errorf("%s: %+v", name, out)
		}
	}
}
