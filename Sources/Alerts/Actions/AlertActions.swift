import Access
import JSON
import Kernel
import Postgres

/// What the firings of an alert had done to keys, for its explanation.
struct AlertActions {
    /// A person reads the newest; an alert may have thousands.
    private static let listedAtMost = 100

    private let runs: [ActionRun]
    private let rights: Rights
    private let targets: Targets

    nonisolated(nonsending) static func read(
        _ alert: AlertID, for context: Context, _ alerts: AlertStore
    ) async throws -> AlertActions {
        let runs = try await ActionRuns.of(alert, limit: listedAtMost, in: alerts.database)
        let keys = runs.flatMap { $0.touched.map { Optional($0.description) } }
        let targets = try await alerts.things.targets(
            of: keys, for: [context.rights], [.keysRead], in: alerts.database)
        return AlertActions(runs: runs, rights: context.rights, targets: targets)
    }

    func writeFields(to w: inout JSONWriter) {
        w.array("actions", runs) { w, run in
            run.write(to: &w) { key in rights.may([.keysRead], to: key.description, targets) }
        }
    }
}
