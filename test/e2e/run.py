"""End-to-end checks: a real API server and real controllers, each check a line, `ok` or `FAIL`.

    run.py [--program build/release/digester] [--group NAME] [--list]
"""
import harm_checks
import harm_outage_checks
import harm_owner_checks
import harm_reapply_checks
import plane_checks
import runner
import webhook_checks

if __name__ == "__main__":
    runner.main((*plane_checks.GROUPS, *webhook_checks.GROUPS, *harm_checks.GROUPS, *harm_reapply_checks.GROUPS, *harm_outage_checks.GROUPS,
                 *harm_owner_checks.GROUPS), __doc__)
