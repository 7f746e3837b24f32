import Channels
import Kernel
import TestSupport
import Testing

@testable import HTTPClient
@testable import Webhooks

/// From what a maker or a mail server said to what becomes of the message.
struct ChannelAnswerTests {
    private func mail(_ code: Int, _ text: String) -> AttemptResult {
        AttemptResult(MailReply(code: code, text: text, duration: .seconds(1)))
    }

    @Test func `a mail server's word decides, and its last line is kept`() {
        let taken = mail(250, "550 5.1.1 nobody here\n250 2.0.0 kept")
        #expect(taken.verdict == .delivered && taken.mistake == nil && taken.status == 250)
        #expect(taken.response == "550 5.1.1 nobody here\n250 2.0.0 kept")
        #expect(mail(535, "535 5.7.8 no").verdict == .rejected("535 5.7.8 no"))
        let gone = mail(550, "250 2.1.0 ok\n550-5.1.1 nobody\n550 5.1.1 no mailbox\n221 2.0.0 Bye")
        #expect(gone.verdict == .rejected("550 5.1.1 no mailbox"), "what is said to QUIT is none of it")
        #expect(mail(550, "550 5.1.1 no mailbox").verdict == .rejected("550 5.1.1 no mailbox"))
        for (code, text) in [(451, "451 4.3.0 later"), (550, "550 5.7.1 spam"), (552, "552 5.2.2 full")] {
            #expect(mail(code, text).verdict == .failed)
            #expect(mail(code, text).mistake == .status)
        }
    }

    @Test func `a channel that refuses keeps what waits, and one that throttles burns no attempt`() {
        let now = Timestamp.testStart
        let delivery = PendingDelivery(
            id: ID(UUID(high: 1, low: 1)), webhook: ID(UUID(high: 1, low: 2)),
            message: ID(UUID(high: 1, low: 3)), eventType: "custom.x", alert: nil, permissions: [],
            thing: nil, target: nil, orderKey: nil, body: [],
            progress: RetrySchedule.Progress(attempts: 0, counted: 0, begun: now))
        let refused = Outcome(delivery, mail(535, "no"), begun: now, at: now, fraction: 0.5)
        #expect(refused.fate == .retry(at: now + .seconds(5)))
        let throttled = AttemptResult(.throttled(retryAfter: .seconds(40)), duration: .seconds(0))
        #expect(
            Outcome(delivery, throttled, begun: now, at: now, fraction: 0.5).progress.counted == 0)
    }

    @Test func `a mail server's address is read like any other, with its own ports`() throws {
        let implicit = try #require(MailServer("smtps://mail.example"))
        #expect(implicit.port == 465 && implicit.isImplicitTLS && implicit.host == "mail.example")
        let explicit = try #require(MailServer("smtp://[2606:4700::1]"))
        #expect(explicit.port == 587 && !explicit.isImplicitTLS)
        #expect(MailServer("smtp://mail.example:2525/")?.port == 2_525)
        for wrong in [
            "https://mail.example", "smtp://", "smtp://a@mail.example", "smtp://mail.example/x",
            "smtp://mail.example?x", "smtps://mail example", "smtps://mail.example:0",
        ] {
            #expect(MailServer(wrong) == nil, "\(wrong)")
        }
        #expect(throws: URLRefusal.self) {
            try MailServer.url("smtps://mail.example:443", allowance: .publicOnly)
        }
        #expect(throws: URLRefusal.self) {
            try MailServer.url("smtps://127.0.0.1", allowance: .publicOnly)
        }
    }
}
