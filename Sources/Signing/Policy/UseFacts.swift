package import Access
package import Exchanges
package import Kernel

/// How a key is used for a bot: the signed request is handed back, or Keybell itself sends it.
package enum UseWay: String, CaseIterable, Sendable { case sign, proxy }

/// What a policy is asked about: one request of one caller with one key, as it is understood.
package struct UseFacts: Sendable {
    package var way: UseWay
    package var host: String
    package var method: String
    package var path: String
    package var meaning: RequestMeaning
    package var caller: Actor
    package var at: Timestamp

    package init(
        _ way: UseWay, host: String, method: String, path: String, meaning: RequestMeaning, caller: Actor,
        at time: Timestamp
    ) {
        (self.way, self.host, self.method, self.path) = (way, host, method, path)
        (self.meaning, self.caller, at) = (meaning, caller, time)
    }
}
