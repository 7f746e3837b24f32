import EventLoop
package import Postgres

extension Database {
    private static let edge = Statement(
        "test_edge", "select pg_snapshot_xmax(pg_current_snapshot())::text")
    private static let isPast = Statement(
        "test_is_past", "select pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8")

    /// Waits until readers of the feed see all that is committed by now: they see an event once no older
    /// transaction is open on the server, and those of other tests, and of jobs, are.
    package func settle() async throws {
        let edge = try await query(Self.edge)[0].text(0)
        for _ in 0..<2_000 {
            if try await query(Self.isPast, .text(edge))[0].bool(0) { return }
            await connector.reactor.sleep(nanoseconds: 5_000_000)
        }
    }
}
