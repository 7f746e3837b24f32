import Kernel
import Testing

@testable import Channels

/// Answers as the makers document them.
@Suite struct AnswerTests {
    private func verdict(
        _ kind: ChannelKind, _ status: Int, _ body: String = "", retryAfter: Period? = nil,
        remaining: String? = nil, resetAfter: String? = nil
    ) -> ChannelAnswer.Verdict {
        ChannelAnswer(
            status: status, retryAfter: retryAfter, body: Array(body.utf8), remaining: remaining,
            resetAfter: resetAfter
        ).verdict(of: kind)
    }

    @Test func `a 429 says when to come back, in each maker's own way`() {
        #expect(verdict(.slack, 429, retryAfter: .seconds(30)) == .throttled(.seconds(30)))
        #expect(
            verdict(.discord, 429, #"{"message":"…","retry_after":64.57,"global":false}"#)
                == .throttled(Period(microseconds: 64_570_000)))
        #expect(
            verdict(.discord, 429, #"{"retry_after":0.5}"#, retryAfter: .seconds(1))
                == .throttled(.seconds(1)))
        #expect(
            verdict(.telegram, 429, #"{"ok":false,"error_code":429,"parameters":{"retry_after":7}}"#)
                == .throttled(.seconds(7)))
        #expect(verdict(.pagerduty, 429) == .throttled(nil))
        #expect(verdict(.discord, 429, #"{"retry_after":-1}"#) == .throttled(nil))
        #expect(verdict(.discord, 429, #"{"retry_after":1e300}"#) == .throttled(.hours(24)))
    }

    @Test func `Discord's empty bucket is a pause before it is an error`() {
        #expect(
            verdict(.discord, 204, remaining: "0", resetAfter: "1.25")
                == .taken(pause: Period(microseconds: 1_250_000)))
        #expect(verdict(.discord, 204, remaining: "3", resetAfter: "1.25") == .taken(pause: nil))
    }

    @Test func `what will never be taken again is told apart from what may`() {
        let gone: [(ChannelKind, Int, String)] = [
            (.slack, 404, "channel_not_found"), (.slack, 410, "channel_is_archived"),
            (.slack, 403, "invalid_token\n"), (.slack, 404, "no_service"),
            (.discord, 404, #"{"message": "Unknown Webhook", "code": 10015}"#),
            (.discord, 401, #"{"message": "Invalid Webhook Token", "code": 50027}"#),
            (.telegram, 401, #"{"ok":false,"error_code":401,"description":"Unauthorized"}"#),
            (.telegram, 400, #"{"ok":false,"description":"Bad Request: chat not found"}"#),
            (.telegram, 403, #"{"ok":false,"description":"Forbidden: bot was kicked from the group"}"#),
            (.pagerduty, 400, #"{"status":"invalid event","errors":["Invalid routing key"]}"#),
            (.teams, 401, ""), (.teams, 404, ""), (.json, 410, ""),
        ]
        for (kind, status, body) in gone {
            guard case .refused(let reason) = verdict(kind, status, body) else {
                Issue.record("\(kind) \(status) \(body)")
                continue
            }
            #expect(!reason.isEmpty)
        }
        let perhaps: [(ChannelKind, Int, String)] = [
            (.slack, 400, "invalid_payload"), (.slack, 500, "rollup_error"), (.slack, 403, "<html>"),
            (.slack, 404, "Not Found"), (.discord, 404, "<html>"),
            (.discord, 400, #"{"code": 50035}"#), (.telegram, 404, "Not Found"),
            (.telegram, 400, #"{"ok":false,"description":"Bad Request: can't parse entities"}"#),
            (.telegram, 502, ""), (.pagerduty, 400, #"{"errors":["'payload' is missing"]}"#),
            (.pagerduty, 500, ""), (.teams, 500, ""), (.json, 404, ""), (.cloudevents, 415, ""),
        ]
        for (kind, status, body) in perhaps { #expect(verdict(kind, status, body) == .failed) }
    }
}
