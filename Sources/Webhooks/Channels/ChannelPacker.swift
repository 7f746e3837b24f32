import Channels
import HTTPClient
import JSON
import Kernel

/// What goes to a channel: the message as its maker takes it, or a digest of several.
struct ChannelPacker {
    let allowance: Allowance

    /// What cannot be sent at all; `Packer` and this say so alike.
    struct Unsendable: Error {}

    /// - Parameter deliveries: at least one; more become a digest.
    func pack(
        _ deliveries: [PendingDelivery], to destination: Destination, authority: String?
    ) throws -> Parcel {
        let notices = deliveries.compactMap { Notice(id: $0.message.description, body: $0.body) }
        guard let content = Content(notices), let delivery = deliveries.first else { throw Unsendable() }
        if case .email(let route) = destination { return try mail(content, route, authority) }
        guard let request = destination.request(content), let text = destination.url else {
            throw Unsendable()
        }
        let url: OutgoingURL
        do throws(URLRefusal) {
            url = try OutgoingURL(text, allowance: allowance)
        } catch {
            throw OutgoingError.refusedByPolicy(.reservedAddress)
        }
        let trace = TraceParent.of(delivery.message, attempt: delivery.progress.attempts + 1)
        let headers =
            [OutgoingHeader("content-type", request.contentType)]
            + request.headers.map { OutgoingHeader($0.name, $0.value) } + [
                OutgoingHeader("traceparent", trace)
            ]
        return .request(
            OutgoingRequest(
                .post, url, headers: headers, body: request.body, allowance: allowance, mayResend: true))
    }

    private func mail(_ content: Content, _ route: MailRoute, _ authority: String?) throws -> Parcel {
        let server: OutgoingURL
        do throws(URLRefusal) {
            server = try OutgoingURL("https://\(route.host):\(route.port)", allowance: allowance.ofMail)
        } catch {
            throw OutgoingError.refusedByPolicy(.reservedAddress)
        }
        return .mail(
            OutgoingMail(
                to: server, isImplicitTLS: route.isImplicitTLS, user: route.user, password: route.password,
                authority: authority, from: route.from, recipients: route.to,
                bytes: MailMessage(content, along: route).bytes, allowance: allowance.ofMail))
    }
}

extension AttemptResult {
    /// What a channel's maker answered.
    init(_ response: OutgoingResponse, from kind: ChannelKind, now: Timestamp) {
        self.init(response, now: now)
        let answer = ChannelAnswer(
            status: response.status, retryAfter: retryAfter, body: response.body,
            remaining: response.header("x-ratelimit-remaining"),
            resetAfter: response.header("x-ratelimit-reset-after"))
        switch answer.verdict(of: kind) {
        case .taken(let pause): self.pause = pause
        case .throttled(let wait):
            (verdict, retryAfter) = (.throttled(retryAfter: wait), wait)
            pause = min(wait ?? RetrySchedule.throttleWaits.first, RetrySchedule.retryAfterLimit)
        case .refused(let words): verdict = .rejected(words)
        // 502 and 504 slow the endpoint, as everywhere; a 410 that is not the maker's own word fails.
        case .failed: if verdict == .gone { verdict = .failed }
        }
    }

    /// What a mail server said last of the mail: it says goodbye after it, too.
    init(_ reply: MailReply) {
        let lines = reply.text.split(separator: "\n")
        let words = (lines.last { $0.hasPrefix("\(reply.code)") } ?? lines.last).map(String.init) ?? ""
        self.init(
            reply.code < 400 ? .delivered : Self.isFinal(reply.code, words) ? .rejected(words) : .failed,
            duration: reply.duration)
        status = reply.code
        mistake = reply.code < 400 ? nil : .status
        response = reply.text.isEmpty ? nil : reply.text
    }

    /// RFC 4954: the credentials are not taken. RFC 3463, 5.1.x: there is no such mailbox. Everything else
    /// may be about one mail.
    private static func isFinal(_ code: Int, _ words: String) -> Bool {
        [530, 534, 535, 538].contains(code) || (500..<600).contains(code) && words.contains(" 5.1.")
    }

    init(_ verdict: Verdict, duration: Period) {
        self.init(OutgoingError.other(""), duration: duration)
        (self.verdict, mistake) = (verdict, nil)
    }
}
