package rivals

import "serin.dev/serin/internal/analysis/lab"

// All gives the rivals, in the order of the tables.
func All() []lab.Contestant {
	return []lab.Contestant{
		argoDocumented(), argoTuned(),
		flaggerDefaults(), flaggerTightest(),
		pipecdThreshold(), pipecdMannWhitney(), pipecdWithLatency(),
		kayentaDocumented(), kayentaTuned(), kayentaTightest(),
		cloudWatch(),
		appMesh(),
	}
}
