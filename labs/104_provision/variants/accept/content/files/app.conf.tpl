port = 9090
greeting = ${greeting}
