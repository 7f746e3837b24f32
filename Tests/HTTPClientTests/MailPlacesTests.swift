import Testing

@testable import HTTPClient

/// Mail servers that hang leave threads to those that are well.
struct MailPlacesTests {
    @Test func `one server has a part, and all that hang have one together`() {
        var places = MailPlaces()
        func taken(_ servers: [String]) -> [String] { servers.filter { places.take($0) } }
        #expect(taken(["slow", "slow", "slow", "well"]) == ["slow", "slow", "well"], "two at most of one")
        for _ in 0..<2 { places.giveBack("slow", hung: true) }
        places.giveBack("well", hung: false)
        for server in ["a", "b", "c"] {
            #expect(taken([server]) == [server])
            places.giveBack(server, hung: true)
        }
        #expect(taken(["slow", "slow", "a", "a", "b", "b", "c"]) == ["slow", "slow", "a", "a"])
        #expect(taken(["d", "e", "f", "g", "h"]) == ["d", "e", "f", "g"], "half is kept from them")
        places.giveBack("slow", hung: false)
        #expect(taken(["slow"]) == ["slow"], "who answers is well again")
    }
}
