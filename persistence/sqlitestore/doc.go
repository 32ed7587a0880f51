// Package sqlitestore keeps both halves of the persistence contracts in one
// SQLite file, for a site that runs on one machine.
package sqlitestore

import _ "modernc.org/sqlite" // the driver
