package build

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"serin.dev/serin/internal/delivery"
)

func TestStagesAreHeldByTheirLastLayer(t *testing.T) {
	for _, test := range []struct {
		name string
		says []string
		want []string
	}{
		{
			"two stages, made",
			[]string{
				"Step 1/6 : ARG X=1", "\n", "Step 2/6 : FROM debian AS one", "\n", " ---> 675ae3fc9605\n", "Step 3/6 : RUN make", "\n",
				" ---> Running in 4077a2ed2314\n", "output\n", "Removing intermediate container 4077a2ed2314\n", " ---> cbc5153a2c50\n",
				"Step 4/6 : ENV A=b", "\n", " ---> Running in 7930a19fe2ea\n", " ---> 6a10258b7721\n",
				"Step 5/6 : from scratch", "\n", " ---> \n", "Step 6/6 : COPY --from=one /a /b", "\n", " ---> d2fa500297ea\n",
				"Successfully built d2fa500297ea\n",
			},
			[]string{"cbc5153a2c50 is 1", "6a10258b7721 is 1", "d2fa500297ea is 2"},
		},
		{
			"one that was there, then new ones",
			[]string{
				"Step 1/4 : FROM debian", " ---> 675ae3fc9605\n", "Step 2/4 : RUN a", " ---> Using cache\n", " ---> aaaaaaaaaaaa\n",
				"Step 3/4 : RUN b", " ---> Running in 7930a19fe2ea\n", " ---> bbbbbbbbbbbb\n", "Step 4/4 : RUN false", " ---> Running in 7930a19fe2ea\n",
			},
			[]string{"bbbbbbbbbbbb is 1"},
		},
		{
			"all of it was there",
			[]string{
				"Step 1/3 : FROM debian AS one", " ---> 675ae3fc9605\n", "Step 2/3 : RUN a", " ---> Using cache\n", " ---> aaaaaaaaaaaa\n",
				"Step 3/3 : FROM debian", " ---> 675ae3fc9605\n", "Step 4/4 : RUN b", " ---> Using cache\n", " ---> bbbbbbbbbbbb\n",
			},
			[]string{"aaaaaaaaaaaa, if ours, is 1", "bbbbbbbbbbbb, if ours, is 2"},
		},
		{"nothing but its base", []string{"Step 1/1 : FROM debian", " ---> 675ae3fc9605\n", "Successfully built 675ae3fc9605\n"}, nil},
		{
			"quiet",
			[]string{"sha256:" + strings.Repeat("0a", 32) + "\n"},
			[]string{"sha256:" + strings.Repeat("0a", 32) + ", if ours, is 1"},
		},
		{"one that fails at once", []string{"Step 1/2 : FROM no-such-image"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var answer strings.Builder
			for _, text := range test.says {
				fmt.Fprintf(&answer, "{\"stream\":%q}\r\n", text)
				answer.WriteString("{\"aux\":{\"ID\":\"x\"}}\r\nnonsense\r\n")
			}
			answer.WriteString(strings.Repeat("a long line ", maxLine/4) + "\n")
			var got []string
			n := 0
			r := &reading{ReadCloser: io.NopCloser(iotest.HalfReader(strings.NewReader(answer.String()))), stages: &stages{
				hold:     func(id, name string) { got = append(got, id+" is "+name) },
				holdOurs: func(id, name string) { got = append(got, id+", if ours, is "+name) },
				name:     func() string { n++; return fmt.Sprint(n) },
			}}
			passed, err := io.ReadAll(r)
			if err != nil || string(passed) != answer.String() {
				t.Errorf("it passed on %d bytes of %d, %v", len(passed), answer.Len(), err)
			}
			r.Close() // holds nothing twice
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLayersAreToldFromABuildsOwnImages(t *testing.T) {
	b := New(Options{Instance: "ab12"})
	for name, want := range map[string]string{
		"serin-ab12/shop/cart/layers:7.1.1":                                            "shop/cart 7.1.1",
		"serin-ab12/shop/cart/7/layers:latest":                                         "",
		"serin-ab12/shop/cart/7/app:latest":                                            "",
		"serin-ab34/shop/cart/layers:7.1.1":                                            "",
		"127.0.0.1:7420/shop/layers:1":                                                 "",
		"debian:bookworm-slim":                                                         "",
		b.layersName(delivery.ServiceID{Environment: "shop", Name: "cart"}) + ":1.2.3": "shop/cart 1.2.3",
	} {
		service, tag, ok := b.layersOf(name)
		if got := service.String() + " " + tag; ok != (want != "") || ok && got != want {
			t.Errorf("%s is %q, %t, want %q", name, got, ok, want)
		}
	}
}
