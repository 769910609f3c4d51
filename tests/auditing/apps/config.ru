require 'rack/cors'

def policy(path, *listed)
  map path do
    use Rack::Cors do
      allow do
        origins(*listed)
        resource '*', credentials: true, methods: [:get]
      end
    end
    run ->(_env) { [200, { 'Content-Type' => 'application/json' }, ['{"secret": "of the visitor"}']] }
  end
end

# ^ and $ are the ends of a line, and the dots are not escaped.
policy '/rack-dots', /^https:\/\/app.example.com$/
policy '/rack-anywhere', /example\.com/
policy '/rack-own', 'https://app.example.com', /\Ahttps:\/\/api\.example\.com/
policy '/rack-tld', /\Ahttps:\/\/app\.example\.[a-z]{2,3}\z/
policy '/rack-render', 'https://app.example.com', /\Ahttps:\/\/[a-z0-9-]+\.onrender\.com\z/
policy '/rack-exact', 'https://app.example.com'
