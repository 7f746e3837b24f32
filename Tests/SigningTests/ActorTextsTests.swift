import Access
import JSON
import Kernel
import Testing

@testable import Signing

@Suite struct ActorTextsTests {
    private let bot = Actor(
        principal: PrincipalID(.serviceAccount, UUID(high: 1, low: 1)),
        accessToken: AccessTokenID(UUID(high: 2, low: 2)), address: IPAddress("10.0.0.1"))

    private func json(_ value: some JSONWritable) -> String {
        var w = JSONWriter()
        value.write(to: &w)
        return w.text
    }

    @Test func `they say what the actor says`() {
        let texts = ActorTexts(bot)
        #expect(json(texts) == json(bot))
        #expect(texts.principal == bot.principal?.description)
        #expect(texts.accessToken == bot.accessToken?.description)
        #expect(texts.address == "10.0.0.1")
    }

    @Test func `another address of the same token is not taken for the first`() {
        var kept = ActorTextsKept()
        var moved = bot
        moved.address = IPAddress("10.0.0.2")
        let (first, again) = (kept.texts(of: bot), kept.texts(of: bot))
        #expect(first === again)
        let (there, back) = (kept.texts(of: moved), kept.texts(of: bot))
        #expect(there.address == "10.0.0.2")
        #expect(back.address == "10.0.0.1")
    }

    @Test func `a person without a token is not kept`() {
        var kept = ActorTextsKept()
        let person = Actor(principal: bot.principal, accessToken: nil, address: nil)
        let (first, again) = (kept.texts(of: person), kept.texts(of: person))
        #expect(first !== again)
        #expect(json(first) == json(person))
    }
}
