import Exchanges
import Testing

@Suite struct InstrumentTests {
    @Test func `an order on margin is about the spot instrument, and a perpetual is not`() {
        let spot = Instrument("BTCUSDT", host: "spot", .spot, base: "BTC", quote: "USDT")
        #expect(OrderIntent.Instrument.allCases.filter { spot.fits($0) } == [.spot, .margin])
        let linear = Instrument("BTCUSDT", host: "usdm", .linear, base: "BTC", quote: "USDT")
        #expect(OrderIntent.Instrument.allCases.filter { linear.fits($0) } == [.linear])
        #expect(linear.settle == "USDT")
    }
}
