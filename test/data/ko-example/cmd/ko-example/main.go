// The program that the checks let ko build.
package main

import "fmt"

func main() {
	fmt.Println("hello")
}
