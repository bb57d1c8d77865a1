// Package sqlite keeps all that must outlive the process in one SQLite file.
//
// There is one writing connection, so that writers queue in Go instead of meeting as "database is locked", and a few
// reading ones, which the write-ahead log never blocks. A write is on the disk when its method returns
// (synchronous=FULL), so kill -9, and a power cut as far as the disk keeps its word, lose nothing.
//
// Records are stored as JSON beside the columns that something is found or kept unique by: the shape of a record
// belongs to the package that owns it, and a field added there needs no migration here. What must never happen is
// the database's business: two active rollouts of a service, two pending ones, an address or a deployment number
// given twice are unique indexes.
//
// One file holds one concept; its tables are made by a file in migrations, numbered from 0001.
package sqlite
