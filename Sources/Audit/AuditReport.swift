import Access
import Kernel

/// A verdict for the terminal.
package struct AuditReport: Sendable {
    package let verdict: Verdict

    package init(_ verdict: Verdict) { self.verdict = verdict }

    /// For the process: 0 when everything is sound, else 1.
    package var exitCode: Int32 { verdict.isIntact ? 0 : 1 }

    package var text: String {
        let lanes = verdict.lanes.map { lane in
            "lane \(lane.lane): \(lane.entries) entries, \(lane.isIntact ? "chain intact" : "BROKEN")"
        }
        return (lanes + [checkpoints] + problems + [conclusion]).joined(separator: "\n") + "\n"
    }

    private var checkpoints: String {
        guard let newest = verdict.checkpoint?.content else { return "no checkpoint" }
        let signature = "checkpoint \(newest.id) of \(newest.signedAt) signed by \(newest.signedBy)"
        return "\(signature); \(verdict.checkpoints) in all"
    }

    private var problems: [String] {
        let shown = verdict.problems.map { problem in
            let place = [problem.lane.map { "lane \($0)" }, problem.sequence.map { "entry \($0)" }].compactMap
            { $0 }
            let at = place.isEmpty ? "" : " \(place.joined(separator: ", "))"
            return "\(problem.kind.rawValue)\(at): \(problem.message)"
        }
        let more = verdict.problemCount - shown.count
        return more > 0 ? shown + ["and \(more) more"] : shown
    }

    private var conclusion: String {
        let scope = verdict.isComplete ? "all that is kept" : "a part of the trail only"
        let count = verdict.problemCount
        let problems = "\(count) \(count == 1 ? "problem" : "problems")"
        return verdict.isIntact
            ? "intact: \(verdict.entries) entries, \(scope)"
            : "BROKEN: \(problems) in \(verdict.entries) entries, \(scope)"
    }
}

/// `keybell audit verify --export FILE`.
package enum AuditVerifyCommand {
    /// - Parameters:
    ///   - each: gets every entry before anything is known of its soundness.
    ///   - next: the file's next bytes; nil at its end.
    package static func verify(
        pin: CheckpointPin?, each: @escaping (ChainEntry) -> Void = { _ in },
        reading next: () throws -> [UInt8]?
    ) throws -> AuditReport {
        var verification = ExportVerification(pin: pin)
        verification.onEntry = each
        while let bytes = try next() { try verification.feed(bytes) }
        return AuditReport(try verification.finish())
    }
}
