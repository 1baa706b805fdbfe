import Testing

@testable import AMQP

struct AMQPURLTests {
    @Test func `reads every part`() throws {
        let configuration = try AMQPConfiguration(url: "amqp://us%65r:p%40ss%3Aw%2Ford@broker.local:5673/loja%2F42", connectionName: "x")
        #expect(configuration.endpoints == [AMQPEndpoint(host: "broker.local", port: 5673)])
        #expect(configuration.user == "user")
        #expect(configuration.password == "p@ss:w/ord")
        #expect(configuration.virtualHost == "loja/42")
    }

    @Test func `fills in the defaults`() throws {
        let configuration = try AMQPConfiguration(url: "AMQP://broker", connectionName: "x")
        #expect(configuration.endpoints == [AMQPEndpoint(host: "broker", port: 5672)])
        #expect(configuration.user == "guest" && configuration.password == "guest" && configuration.virtualHost == "/")
    }

    @Test(arguments: ["amqps", "AMQPS"]) func `amqps means TLS to every host`(_ scheme: String) throws {
        let configuration = try AMQPConfiguration(url: "\(scheme)://u:p@a,b:1/v", connectionName: "x")
        #expect(configuration.tls == AMQPTLS())
        #expect(configuration.endpoints == [AMQPEndpoint(host: "a", port: 5671), AMQPEndpoint(host: "b", port: 1)])
        #expect(configuration.user == "u" && configuration.password == "p" && configuration.virtualHost == "v")
        #expect(try AMQPConfiguration(url: "amqp://h", connectionName: "x").tls == nil)
    }

    @Test func `an empty virtual host differs from none`() throws {
        #expect(try AMQPURL("amqp://h").virtualHost == nil)
        #expect(try AMQPURL("amqp://h/").virtualHost == "")
        #expect(try AMQPURL("amqp://h/%2F").virtualHost == "/")
        #expect(try AMQPURL("amqp://h/%2f").virtualHost == "/")
    }

    @Test func `an empty password differs from none`() throws {
        #expect(try AMQPURL("amqp://u@h").password == nil)
        #expect(try AMQPURL("amqp://u:@h").password == "")
        #expect(try AMQPURL("amqp://:p@h").user == "")
    }

    @Test func `reads several hosts`() throws {
        let url = try AMQPURL("amqp://u:p@a,b:1,[::1]:65535,[fe80::2],10.0.0.1/v")
        #expect(
            url.endpoints == [
                AMQPEndpoint(host: "a", port: 5672), AMQPEndpoint(host: "b", port: 1), AMQPEndpoint(host: "::1", port: 65535),
                AMQPEndpoint(host: "fe80::2", port: 5672), AMQPEndpoint(host: "10.0.0.1", port: 5672),
            ])
    }

    @Test(arguments: [
        "", "http://h", "amqps:/h", "amqps//h", "amqpss://h", "amqp:/h", "amqp://", "amqp://h,", "amqp://,h", "amqp://h:", "amqp://h:0",
        "amqp://h:65536",
        "amqp://h:-1", "amqp://h:+5", "amqp://h:5 672", "amqp://h:1:2", "amqp://[::1", "amqp://[::1]x", "amqp://[]", "amqp://h h",
        "amqp://h/a/b",
        "amqp://h/?heartbeat=5", "amqp://h/#x", "amqp://u:%@h", "amqp://u:%4@h", "amqp://u:%zz@h", "amqp://u:%00@h", "amqp://%ff@h",
        "amqp://h/%C3",
        "amqp://u:segredo@", "amqp://ção",
    ])
    func refuses(_ url: String) {
        let error = #expect(throws: AMQPError.self) { try AMQPConfiguration(url: url, connectionName: "x") }
        #expect(error?.kind == .invalidConfiguration)
        #expect(error?.isRetriable == false)
        #expect(error?.replyText.contains("segredo") == false)
    }
}
