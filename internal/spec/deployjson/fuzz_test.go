package deployjson_test

import (
	"errors"
	"testing"

	"serin.dev/serin/internal/delivery"
	"serin.dev/serin/internal/spec/deployjson"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"Port":"80","Port":null,"Hosts":["*.a"],"Path":"/a//","CanaryTemplate":"YQ==\n"}`))
	f.Add([]byte(`{"a":` + "[[[[" + `]]]]}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, _, err := deployjson.Parse("deploy.json", data)
		if err != nil {
			if !errors.Is(err, delivery.Invalid) {
				t.Fatalf("%v is not Invalid", err)
			}
			return
		}
		p := file.Policy()
		if p.Step < 1 || p.Step > 100 || p.Wait <= 0 || file.Port < 1 || file.Port > 65535 || file.Path == "" {
			t.Fatalf("out of range: %+v", file)
		}
		if err := delivery.CheckName("service", file.MicroserviceName); err != nil {
			t.Fatal(err)
		}
	})
}
