package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"

	"serin.dev/serin/internal/store/sqlite"
)

// Keys of the store's settings.
const (
	settingInstance = "instance"    // short id: names and labels on Docker carry it
	settingSecret   = "mesh secret" // join tokens are made with it
)

// randomSetting reads a setting, and makes it of n random bytes at the first start.
func randomSetting(ctx context.Context, store *sqlite.Store, key string, n int) (string, error) {
	random := make([]byte, n)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	return store.SettingOr(ctx, key, hex.EncodeToString(random))
}
