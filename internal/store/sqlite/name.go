package sqlite

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"net/netip"

	"serin.dev/serin/internal/delivery"
)

// Virtual IPs are 240.240.0.1 to 240.240.255.254, without those whose last byte is 0 or 255, which some software
// takes for a network or a broadcast.
const (
	firstAddress = 240<<24 | 240<<16 | 1
	lastAddress  = 240<<24 | 240<<16 | 255<<8 | 254
)

// addresses reads the virtual IPs of all names of an environment.
func addresses(ctx context.Context, tx *sql.Tx, environment string) (map[string]netip.Addr, error) {
	rows, err := tx.QueryContext(ctx, `SELECT name, address FROM names WHERE environment = ?`, environment)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]netip.Addr{}
	for rows.Next() {
		var name string
		var address uint32
		if err := rows.Scan(&name, &address); err != nil {
			return nil, err
		}
		all[name] = netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, address)))
	}
	return all, rows.Err()
}

// allot gives a name the next virtual IP, unless it has one.
func allot(ctx context.Context, tx *sql.Tx, environment, name string) error {
	var address int64
	err := tx.QueryRowContext(ctx, `SELECT address FROM names WHERE environment = ? AND name = ?`, environment, name).Scan(&address)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(address) + 1, ?) FROM names`, firstAddress).Scan(&address); err != nil {
		return err
	}
	for address&0xff == 0 || address&0xff == 0xff {
		address++
	}
	if address > lastAddress {
		return delivery.Errorf(delivery.Unavailable, "no virtual IP is left for %s/%s: all of 240.240.0.0/16 are given away", environment, name)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO names (environment, name, address) VALUES (?, ?, ?)`, environment, name, address)
	return err
}
