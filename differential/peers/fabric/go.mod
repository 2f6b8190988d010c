module sigwarp.example/differential/fabric

go 1.22
