import Access
import EventLoop
import Events
import Jobs
import Kernel
import Postgres
import Sealing

/// The seal as one worker serves it; the lead also keeps the node in step with the installation.
struct SealingRooms {
    let operations: [Operation]
    private let watch: SealWatch?
    private let notice: SealedNotice?

    init(
        _ shared: NodeShared, ledger: Ledger, isLead: Bool, onUnsealed: @escaping () -> Void,
        requestRun: @escaping (Context) async throws -> Void
    ) {
        let custodian = shared.custodian
        operations =
            SealEndpoints(ledger: ledger, custodian: custodian).operations
            + UnsealEndpoints(ledger: ledger, custodian: custodian, onUnsealed: onUnsealed).operations
            + KeyRotationEndpoints(ledger: ledger, custodian: custodian, requestRun: requestRun).operations
            + RootKeyEndpoints(ledger: ledger, custodian: custodian).operations
            + ShareEndpoints(ledger: ledger, custodian: custodian).operations
        watch =
            isLead ? SealWatch(custodian, ledger.database, clock: shared.clock, log: shared.log) : nil
        notice = isLead ? SealedNotice(shared) : nil
    }

    func start(on worker: isolated Worker) {
        watch?.start(on: worker)
        guard let notice else { return }
        worker.spawn {
            await notice.send(on: worker.reactor)
        }
    }

    func stop() { watch?.stop() }
}
