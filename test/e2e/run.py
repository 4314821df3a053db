"""End-to-end checks: a real API server and real controllers, each check a line, `ok` or `FAIL`.

    run.py [--program build/release/digester] [--group NAME] [--list]
"""
import away_checks
import certificate_checks
import harm_calls_checks
import harm_checks
import harm_outage_checks
import harm_owner_checks
import harm_reapply_checks
import move_checks
import namespace_checks
import outage_checks
import plane_checks
import prepare_checks
import readme_checks
import rival_checks
import runner
import tenant_checks
import turnover_checks
import webhook_checks

MODULES = (plane_checks, webhook_checks, harm_checks, harm_reapply_checks, harm_outage_checks, harm_owner_checks,
           harm_calls_checks, tenant_checks, namespace_checks, away_checks, outage_checks, certificate_checks,
           turnover_checks, rival_checks, move_checks, prepare_checks, readme_checks)

if __name__ == "__main__":
    runner.main([group for module in MODULES for group in module.GROUPS], __doc__)
