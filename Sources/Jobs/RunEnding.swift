package import JSON
import HTTPServer

/// How a run ended.
package struct RunEnding: Sendable {
    package let outcome: RunRecord.Outcome
    package let error: String?
    package let result: [UInt8]

    /// Characters of an error that are kept; the log has all of it.
    private static let errorLimit = 500

    private init(_ outcome: RunRecord.Outcome, error: String?, result: JSONObject = JSONObject()) {
        self.outcome = outcome
        self.error = error
        self.result = JSONValue.object(result).bytes
    }

    package static func succeeded(_ result: JSONObject) -> RunEnding {
        RunEnding(.succeeded, error: nil, result: result)
    }

    package static func failed(_ error: any Error) -> RunEnding {
        let text = (error as? Problem)?.detail ?? String(describing: error)
        return RunEnding(.failed, error: String(text.prefix(errorLimit)))
    }

    static let timedOut = RunEnding(.timedOut, error: "the time was up")
    static let abandoned = RunEnding(.abandoned, error: "the node that ran it was lost")
}
