import Access
import EventLoop
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

extension IntegrationTests {
    /// T7: the database's server falls while keys are used and stopped, and its standby takes over.
    @Suite struct FailoverTests {
        private static let signed = Statement(
            "test_signed_before_fall",
            "select count(*) from usage_event where outcome = 'signed' and subject = $1")
        private static let admitted = Statement(
            "test_admitted_before_fall",
            "select count(*) from usage_event where outcome <> 'denied' and subject = $1")
        private static let counted = Statement(
            "test_counted_before_fall",
            "select coalesce(sum(used), 0)::bigint from limit_counter where owner = $1 and clause = 1")
        private static let allSigned = Statement(
            "test_all_signed_before_fall", "select id from usage_event where outcome = 'signed'")

        @Test func `T7: failover to a synchronous standby takes back no stop, count, number or record`()
            async throws
        {
            try await RunningPostgres.with { primary in
                _ = try await primary.run("createdb", ["keybell"])
                try await primary.withStandby { standby in
                    var url = primary.url("keybell")
                    url.hosts += standby.url().hosts
                    try await UseDesk.run(nodes: 2, on: ScratchDatabase(url: url)) { desk in
                        try await Self.awaitWarning(desk, isThere: false)
                        let course = FailoverCourse(desk, try await .make(desk))
                        try await course.run(from: primary, to: standby)
                        #expect(course.history.violations(grace: 0) == [])
                        try await Self.expectRecords(course)
                        // What is written now is on the standby alone.
                        try await Self.awaitWarning(desk, isThere: true)
                    }
                }
            }
        }

        /// What /readyz and check-config say of several hosts; asked again where the server was too slow.
        private static func awaitWarning(_ desk: UseDesk, isThere: Bool) async throws {
            let text = "no synchronous_standby_names"
            for node in desk.nodes {
                try await wait(until: "the node is ready, with a warning: \(isThere)") {
                    let ready = try await node.call("GET", "/readyz", token: nil)
                    return ready.status == 200 && ready.text.contains(text) == isThere
                }
            }
            try await wait(until: "the configuration is fine, with a warning: \(isThere)") {
                let (code, output) = try await desk.nodes[0].run(["check-config"])
                return code == 0 && output.contains(text) == isThere && !output.contains("could not be asked")
            }
        }

        /// Each signature is on record, once, and counted; of those that nobody was given, some may be.
        private static func expectRecords(_ course: FailoverCourse) async throws {
            let (desk, key) = (course.desk, course.keys.limited.lastSegment)
            let (signed, admitted, counted) = (
                try await desk.count(signed, key), try await desk.count(admitted, key),
                try await desk.count(counted, key)
            )
            let served = course.served(course.keys.limited)
            #expect(served <= signed && signed <= FailoverCourse.limit, "\(served) given, \(signed) signed")
            #expect(signed <= counted && counted <= admitted, "\(signed) ≤ \(counted) ≤ \(admitted)")
            let known = try await desk.scratch.visit { _, database in
                Set(try await database.query(allSigned).map { $0.id(0, as: UsageKind.self).description })
            }
            #expect(course.ids.subtracting(known) == [], "signed, and not on record")
            // A worker may not have its database back yet.
            let verified = try await eventually("the trail is verified") { () -> LoopbackMessage? in
                let answer = try await desk.nodes[0].call("GET", "/v1/audit/verification")
                return answer.status == 503 ? nil : answer
            }
            #expect(verified.json["intact"] == true, "\(verified.text)")
        }
    }
}
